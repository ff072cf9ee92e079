rule collect:
    input:
        *DECIDED,
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
        points=PATHS.collected("points"),
        plan=PATHS.collected("plan"),
    output:
        **{name: PATHS.analysis(f"{name}.csv") for name in STATISTICS},
        answer=PATHS.analysis("answer.json"),
    log:
        log_of("analyse.log"),
    conda:
        ENVIRONMENT
    params:
        margin=STUDY.margin,
        question=STUDY.question,
        asked=vars(STUDY.answer),
    message:
        "Analyse: regressions, analysis of variance, forecasts, and the answer"
    script:
        "../scripts/analyse.py"


# What a paper prints, and ours.
rule compare:
    input:
        unpack(lambda wildcards: SHOWING.comparison_inputs),
        metrics=PATHS.collected("metrics"),
        timing=PATHS.collected("timing"),
        summary=PATHS.collected("summary"),
        points=PATHS.collected("points"),
        plan=PATHS.collected("plan"),
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


# Only where an artefact needs them: votes read the predictions of every run.
rule votes:
    input:
        *DECIDED,
        metrics=PATHS.collected("metrics"),
        summary=PATHS.collected("summary"),
        points=PATHS.collected("points"),
        predictions=run_files("predictions.npz"),
    output:
        PATHS.analysis("votes.csv"),
    log:
        log_of("votes.log"),
    conda:
        ENVIRONMENT
    params:
        experiments=SHOWING.asking("votes"),
        shares=[0.1, 0.2, 0.3, 0.4, 0.5, 1],
        ranked_by="validation",
    message:
        "Let the networks vote"
    script:
        "../scripts/votes.py"


rule calibration:
    input:
        *DECIDED,
        summary=PATHS.collected("summary"),
        points=PATHS.collected("points"),
        predictions=run_files("predictions.npz"),
    output:
        **{name: PATHS.analysis(f"{name}.csv") for name in CONFIDENCE},
    log:
        log_of("calibration.log"),
    conda:
        ENVIRONMENT
    params:
        experiments=SHOWING.asking(*CONFIDENCE),
    message:
        "How sure the networks are, and how right"
    script:
        "../scripts/calibration.py"


rule class_counts:
    input:
        [
            PATHS.data_file(dataset, file)
            for dataset in WORKFLOW.datasets
            for file in ("index.parquet", "classes.json", "images.npy")
        ],
    output:
        PATHS.analysis("class_counts.csv"),
    log:
        log_of("class_counts.log"),
    conda:
        ENVIRONMENT
    params:
        datasets=WORKFLOW.datasets,
        results=PATHS.root,
    message:
        "Count the images of each class"
    script:
        "../scripts/class_counts.py"
