rule collect:
    input:
        plan=PATHS.plan,
        study=PATHS.study,
        metrics=run_files("metrics.csv"),
        timing=run_files("timing.csv"),
        summary=run_files("summary.csv"),
    output:
        metrics=PATHS.collected("metrics"),
        timing=PATHS.collected("timing"),
        summary=PATHS.collected("summary"),
        points=PATHS.collected("points"),
        plan=PATHS.collected("plan"),
    log:
        log_of("collect.log"),
    conda:
        ENVIRONMENT
    params:
        results=PATHS.root,
        runs=lambda wildcards: len(WORKFLOW.plan.runs),
    message:
        "Gather the metrics of {params.runs} runs"
    script:
        "../scripts/collect.py"


rule analyse:
    input:
        metrics=PATHS.collected("metrics"),
        summary=PATHS.collected("summary"),
    output:
        log_linear=PATHS.analysis("log_linear.csv"),
        anova_one_way=PATHS.analysis("anova_one_way.csv"),
        anova_two_way=PATHS.analysis("anova_two_way.csv"),
        tukey=PATHS.analysis("tukey.csv"),
        requirement=PATHS.analysis("requirement.csv"),
        answer=PATHS.analysis("answer.json"),
    log:
        log_of("analyse.log"),
    conda:
        ENVIRONMENT
    params:
        margin=STUDY.margin,
        question=STUDY.question,
    message:
        "Analyse: log-linear regressions, analysis of variance, how much is enough"
    script:
        "../scripts/analyse.py"


# What a paper prints, and ours.
rule compare:
    input:
        unpack(lambda wildcards: WORKFLOW.comparison_inputs),
        metrics=PATHS.collected("metrics"),
        timing=PATHS.collected("timing"),
        summary=PATHS.collected("summary"),
        points=PATHS.collected("points"),
    output:
        PATHS.analysis("comparison.csv"),
    log:
        log_of("compare.log"),
    conda:
        ENVIRONMENT
    params:
        comparable=STUDY.scale == "full",
    message:
        "Set our values beside the published ones"
    script:
        "../scripts/compare.py"
