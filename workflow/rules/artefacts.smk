rule figure:
    input:
        metrics=PATHS.collected("metrics"),
        summary=PATHS.collected("summary"),
        log_linear=PATHS.analysis("log_linear.csv"),
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
        caption=lambda wildcards: caption(wildcards.figure),
    message:
        "Draw {wildcards.figure}"
    script:
        "../scripts/figure.py"


rule table:
    input:
        metrics=PATHS.collected("metrics"),
        summary=PATHS.collected("summary"),
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
        caption=lambda wildcards: caption(wildcards.table),
    message:
        "Set table {wildcards.table}"
    script:
        "../scripts/table.py"
