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
    threads: lambda wildcards: WORKFLOW.threads(wildcards.configuration, wildcards.block)
    resources:
        runtime=lambda wildcards: planned(wildcards).resources.runtime,
        mem_mb=lambda wildcards: planned(wildcards).resources.mem_mb,
        gpu=lambda wildcards: planned(wildcards).resources.gpus,
    params:
        results=PATHS.root,
    message:
        "Train {wildcards.configuration}, seeds {wildcards.block}"
    shell:
        "python -m datavolume.training --results {params.results:q} --configuration {wildcards.configuration:q}"
        " --block {wildcards.block:q} --cores {threads} 2>&1 | tee -i {log:q}"
