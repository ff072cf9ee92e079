# How long, how much: before a day of GPU time. It needs no images.
rule plan:
    input:
        PATHS.plan,
        PATHS.estimate,


rule expand:
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


rule estimate:
    input:
        study=WORKFLOW.file,
        plan=PATHS.plan,
        timing=WORKFLOW.timed,
    output:
        estimate=PATHS.estimate,
    log:
        log_of("estimate.log"),
    localrule: True
    conda:
        ENVIRONMENT
    params:
        scale=STUDY.scale,
        results=PATHS.root,
        left_out=list(WORKFLOW.left_out),
        device=WORKFLOW.device,
        partition="",
    message:
        "Estimate hours, disk and the longest job"
    script:
        "../scripts/estimate.py"


# A few updates on made pixels of the right shape, on the machine that will train.
rule timing_run:
    input:
        plan=PLAN,
    output:
        PATHS.timing("{case}"),
    log:
        log_of("timing", "{case}.log"),
    conda:
        ENVIRONMENT
    threads: lambda wildcards: WORKFLOW.case(wildcards.case).cores
    resources:
        runtime=10,
        mem_mb=lambda wildcards: WORKFLOW.case(wildcards.case).mem_mb,
        gpu=lambda wildcards: min(1, WORKFLOW.case(wildcards.case).gpus),
    params:
        results=PATHS.root,
    message:
        "Time {wildcards.case}"
    shell:
        "python -m datavolume.estimate.timing --results {params.results:q} --case {wildcards.case:q}"
        " --output {output:q} 2>&1 | tee -i {log:q}"


rule timing:
    input:
        lambda wildcards: [PATHS.timing(case) for case in WORKFLOW.cases],
