# Data are shared by all studies of a results folder, so nothing of a study is among their rules' inputs and params.


# Local: only the node where the head runs has internet on most clusters.
rule fetch:
    output:
        PATHS.data_file("{dataset}", "fetched.json"),
    log:
        log_of("fetch", "{dataset}.log"),
    localrule: True
    conda:
        ENVIRONMENT
    params:
        dataset=lambda wildcards: WORKFLOW.dataset_options(wildcards.dataset),
        data_folder=WORKFLOW.data_folder,
    message:
        "Fetch what is missing of {wildcards.dataset}"
    script:
        "../scripts/fetch.py"


rule weights:
    output:
        PATHS.weights("{architecture}"),
    log:
        log_of("weights", "{architecture}.log"),
    localrule: True
    conda:
        ENVIRONMENT
    message:
        "Fetch the pretrained weights of {wildcards.architecture}"
    script:
        "../scripts/weights.py"


rule index:
    input:
        lambda wildcards: WORKFLOW.fetched(wildcards.dataset),
    output:
        index=PATHS.data_file("{dataset}", "index.parquet"),
        images=PATHS.data_file("{dataset}", "images.npy"),
        classes=PATHS.data_file("{dataset}", "classes.json"),
        prepared=PATHS.data_file("{dataset}", "prepared.json"),
    log:
        log_of("index", "{dataset}.log"),
    wildcard_constraints:
        dataset=rf"(?!{WORKFLOW.decoded}-)[^/]+",
    conda:
        ENVIRONMENT
    params:
        dataset=lambda wildcards: WORKFLOW.dataset_options(wildcards.dataset),
        data_folder=WORKFLOW.data_folder,
        listing=lambda wildcards: WORKFLOW.listing(wildcards.dataset),
    message:
        "Index the images of {wildcards.dataset}"
    script:
        "../scripts/index.py"


# Image files are decoded, which is no work for a login node.
use rule index as index_files with:
    wildcard_constraints:
        dataset=rf"{WORKFLOW.decoded}-[^/]+",
    threads: 8
    resources:
        mem_mb=8000,
        runtime=240,


rule subset:
    input:
        plan=PLAN,
        index=rules.index.output.index,
    output:
        PATHS.subset("{dataset}", "{subset}"),
    log:
        log_of("subset", "{dataset}", "{subset}.log"),
    conda:
        ENVIRONMENT
    params:
        results=PATHS.root,
    message:
        "Choose subset {wildcards.subset} of {wildcards.dataset}"
    script:
        "../scripts/subset.py"


# Only of a study whose volumes are drawn more than once.
rule overlap:
    input:
        WORKFLOW.compared_subsets,
    output:
        overall=PATHS.analysis("overlap.csv"),
        by_class=PATHS.analysis("overlap_by_class.csv"),
    log:
        log_of("overlap.log"),
    localrule: True
    conda:
        ENVIRONMENT
    params:
        groups=WORKFLOW.compared,
        results=PATHS.root,
    message:
        "Compare the subsets of each volume"
    script:
        "../scripts/overlap.py"
