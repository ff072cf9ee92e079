"""What papers print, and ours beside it: `comparison` sets them side by side, the others find and judge ours."""
