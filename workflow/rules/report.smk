rule report:
    input:
        *DECIDED,
        study=PATHS.study,
        summary=PATHS.collected("summary"),
        timing=PATHS.collected("timing"),
        points=PATHS.collected("points"),
        answer=PATHS.analysis("answer.json"),
        analysis=[PATHS.analysis(f"{name}.csv") for name in STATISTICS],
        comparison=[PATHS.analysis("comparison.csv")] if SHOWING.published else [],
        figures=[PATHS.figure(name, "svg") for name in SHOWING.names("figure")],
        interactive=[PATHS.figure(name, "json") for name in SHOWING.names("interactive")],
        tables=[PATHS.table(name, "html") for name in SHOWING.names("table")],
        environments=run_files("environment.json"),
        overlap=[PATHS.analysis("overlap.csv")] if WORKFLOW.compared else [],
    output:
        report(PATHS.report, caption="../report/report.rst", category="Report"),
    log:
        log_of("report.log"),
    conda:
        ENVIRONMENT
    params:
        title=STUDY.title,
        question=STUDY.question,
        scale=STUDY.scale,
        artefacts=SHOWING.shown,
        # Its comment says what a paper leaves open; an edit of comments makes nothing stale.
        source=str(WORKFLOW.file),
        # Read where it is there, but no input: it grows with every job of any study.
        efficiency="logs/submitit/efficiency.csv",
    message:
        "Write the report"
    script:
        "../scripts/report.py"
