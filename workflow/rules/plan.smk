rule plan:
    message:
        "Plan {params.runs} runs in {params.jobs} training jobs"
    input:
        study=WORKFLOW.file,
    output:
        plan=PATHS.plan,
        study=PATHS.study,
    params:
        digest=WORKFLOW.plan.digest,
        runs=len(WORKFLOW.plan.runs),
        jobs=len(WORKFLOW.plan.blocks),
        scale=STUDY.scale,
    log:
        log_of("plan.log"),
    conda:
        ENVIRONMENT
    script:
        "../scripts/plan.py"
