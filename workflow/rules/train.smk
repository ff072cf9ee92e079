rule train:
    input:
        unpack(lambda wildcards: WORKFLOW.training_inputs(wildcards.configuration, wildcards.block)),
        plan=PLAN,
    output:
        metrics=PATHS.run_file("{configuration}", "{block}", "metrics.csv"),
        timing=PATHS.run_file("{configuration}", "{block}", "timing.csv"),
        summary=PATHS.run_file("{configuration}", "{block}", "summary.csv"),
        predictions=PATHS.run_file("{configuration}", "{block}", "predictions.npz"),
        environment=PATHS.run_file("{configuration}", "{block}", "environment.json"),
    log:
        log_of("train", "{configuration}", "seeds~{block}.log"),
    conda:
        ENVIRONMENT
    # CPUs are those of one node, as are the memory and the time; GPUs are those of all, each node has one task.
    threads: lambda wildcards: planned(wildcards).resources.cores
    # A job that failed for want of time or memory would fail again: 1, 1.5, 2, ... times as much at each attempt. What a
    # cluster does to jobs (time limits with a checkpoint, preemption, lost nodes) is no attempt, and asks for no more.
    resources:
        runtime=lambda wildcards, attempt: planned(wildcards).resources.runtime * (attempt + 1) // 2,
        mem_mb=lambda wildcards, attempt: planned(wildcards).resources.mem_mb * (attempt + 1) // 2,
        nodes=lambda wildcards: planned(wildcards).resources.nodes,
        tasks=lambda wildcards: planned(wildcards).resources.nodes,
        gpu=lambda wildcards: planned(wildcards).resources.gpus,
    params:
        results=PATHS.root,
    message:
        "Train {wildcards.configuration}, seeds {wildcards.block}"
    shell:
        "python -m datavolume.training --results {params.results:q} --configuration {wildcards.configuration:q}"
        " --block {wildcards.block:q} --cores {threads} 2>&1 | tee -i {log:q}"
