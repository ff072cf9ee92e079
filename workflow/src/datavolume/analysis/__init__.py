"""From the files of the runs to the statistics and the answer: frames in, frames out.

collect -> analyse (regression, anova, tukey, requirement) -> answer
"""
