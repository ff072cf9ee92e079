rule index:
    message:
        "Index the images of {wildcards.dataset}"
    input:
        plan=PLAN,
    output:
        index=PATHS.data_file("{dataset}", "index.parquet"),
        images=PATHS.data_file("{dataset}", "images.npy"),
        classes=PATHS.data_file("{dataset}", "classes.json"),
    params:
        results=PATHS.root,
        data_folder=WORKFLOW.data_folder,
    log:
        log_of("index", "{dataset}.log"),
    conda:
        ENVIRONMENT
    script:
        "../scripts/index.py"


rule subset:
    message:
        "Choose subset {wildcards.subset} of {wildcards.dataset}"
    input:
        plan=PLAN,
        index=rules.index.output.index,
    output:
        PATHS.subset("{dataset}", "{subset}"),
    params:
        results=PATHS.root,
    log:
        log_of("subset", "{dataset}", "{subset}.log"),
    conda:
        ENVIRONMENT
    script:
        "../scripts/subset.py"
