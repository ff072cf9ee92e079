def planned(wildcards):
    return WORKFLOW.runs(wildcards.configuration, wildcards.block)[0]


def block_file(name):
    return PATHS.run_file("{configuration}", "{block}", name)


rule train:
    message:
        "Train {wildcards.configuration}, seeds {wildcards.block}"
    input:
        plan=PLAN,
        index=lambda wildcards: PATHS.data_file(planned(wildcards).dataset, "index.parquet"),
        images=lambda wildcards: PATHS.data_file(planned(wildcards).dataset, "images.npy"),
        classes=lambda wildcards: PATHS.data_file(planned(wildcards).dataset, "classes.json"),
        subset=lambda wildcards: PATHS.subset(planned(wildcards).dataset, planned(wildcards).subset),
    output:
        metrics=block_file("metrics.csv"),
        timing=block_file("timing.csv"),
        summary=block_file("summary.csv"),
        predictions=block_file("predictions.npz"),
        environment=block_file("environment.json"),
    params:
        launcher=lambda wildcards: WORKFLOW.launcher(wildcards.configuration, wildcards.block),
        results=PATHS.root,
    log:
        log_of("train", "{configuration}", "seeds~{block}.log"),
    conda:
        ENVIRONMENT
    threads: lambda wildcards: WORKFLOW.threads(wildcards.configuration, wildcards.block)
    resources:
        runtime=lambda wildcards: planned(wildcards).resources.runtime,
        mem_mb=lambda wildcards: planned(wildcards).resources.mem_mb,
        gpu=lambda wildcards: planned(wildcards).resources.gpus,
    shell:
        "{params.launcher} -m datavolume.training --results {params.results:q} --configuration {wildcards.configuration:q}"
        " --block {wildcards.block:q} --cores {threads} 2>&1 | tee -i {log:q}"
