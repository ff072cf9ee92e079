rule plan:
    input:
        study=WORKFLOW.file,
    output:
        plan=PATHS.plan,
        study=PATHS.study,
    log:
        log_of("plan.log"),
    conda:
        ENVIRONMENT
    params:
        digest=WORKFLOW.plan.digest,
        runs=len(WORKFLOW.plan.runs),
        jobs=len(WORKFLOW.plan.blocks),
        scale=STUDY.scale,
    message:
        "Plan {params.runs} runs in {params.jobs} training jobs"
    script:
        "../scripts/plan.py"
