rule index:
    input:
        plan=PLAN,
    output:
        index=PATHS.data_file("{dataset}", "index.parquet"),
        images=PATHS.data_file("{dataset}", "images.npy"),
        classes=PATHS.data_file("{dataset}", "classes.json"),
    log:
        log_of("index", "{dataset}.log"),
    conda:
        ENVIRONMENT
    params:
        results=PATHS.root,
        data_folder=WORKFLOW.data_folder,
    message:
        "Index the images of {wildcards.dataset}"
    script:
        "../scripts/index.py"


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
