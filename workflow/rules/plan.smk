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
        digest=WORKFLOW.planning.first.digest,
        runs=len(WORKFLOW.planning.first.runs),
        jobs=len(WORKFLOW.planning.first.blocks),
        scale=STUDY.scale,
        left_out=list(WORKFLOW.left_out),
    message:
        "Plan {params.runs} runs in {params.jobs} training jobs"
    script:
        "../scripts/plan.py"


# Of designs whose later runs are known only when earlier ones have ended: the dry run shows what is still to be decided.
checkpoint decide:
    input:
        plan=PLAN,
        study=ancient(PATHS.study),
        metrics=candidates,
    output:
        decision=PATHS.decided("{experiment}", "{stage}"),
        plan=PATHS.decided("{experiment}", "{stage}", "csv"),
    log:
        log_of("decide", "{experiment}", "{stage}.log"),
    localrule: True
    conda:
        ENVIRONMENT
    params:
        results=PATHS.root,
        digest=lambda wildcards: WORKFLOW.planning.decision(wildcards.experiment, wildcards.stage).digest,
        following=lambda wildcards: WORKFLOW.planning.decision(wildcards.experiment, wildcards.stage).following,
    message:
        "Decide which {wildcards.stage} is best for {wildcards.experiment}; up to {params.following} runs follow"
    script:
        "../scripts/decide.py"
