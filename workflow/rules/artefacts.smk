# What an artefact is drawn from depends on it: the frames of every run, and the analyses that its kind needs.
rule figure:
    input:
        unpack(lambda wildcards: SHOWING.inputs(wildcards.figure)),
    output:
        pdf=PATHS.figure("{figure}", "pdf"),
        svg=PATHS.figure("{figure}", "svg"),
        png=report(
            PATHS.figure("{figure}", "png"),
            caption="../report/artefact.rst",
            category="Figures",
            labels={"figure": "{figure}"},
        ),
        csv=PATHS.figure("{figure}", "csv"),
    log:
        log_of("figure", "{figure}.log"),
    conda:
        ENVIRONMENT
    params:
        artefact=lambda wildcards: SHOWING.artefact(wildcards.figure),
    message:
        "Draw {wildcards.figure}"
    script:
        "../scripts/figure.py"


rule interactive:
    input:
        unpack(lambda wildcards: SHOWING.inputs(wildcards.figure)),
    output:
        html=PATHS.figure("{figure}", "html"),
        json=PATHS.figure("{figure}", "json"),
    log:
        log_of("figure", "{figure}_interactive.log"),
    conda:
        ENVIRONMENT
    params:
        artefact=lambda wildcards: SHOWING.artefact(wildcards.figure),
    message:
        "Draw {wildcards.figure} for turning"
    script:
        "../scripts/interactive.py"


rule table:
    input:
        unpack(lambda wildcards: SHOWING.inputs(wildcards.table)),
    output:
        csv=PATHS.table("{table}", "csv"),
        tex=PATHS.table("{table}", "tex"),
        html=report(
            PATHS.table("{table}", "html"),
            caption="../report/artefact.rst",
            category="Tables",
            labels={"table": "{table}"},
        ),
    log:
        log_of("table", "{table}.log"),
    conda:
        ENVIRONMENT
    params:
        artefact=lambda wildcards: SHOWING.artefact(wildcards.table),
    message:
        "Set {wildcards.table}"
    script:
        "../scripts/table.py"
