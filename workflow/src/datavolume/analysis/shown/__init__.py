"""The numbers behind figures and tables, as frames; what draws them computes nothing."""
