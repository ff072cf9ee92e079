"""Plain shell rules, which need no second Snakemake in their job."""
