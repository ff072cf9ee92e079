// The table of runs: columns of values in the page, of which only the rows that are looked at become elements
(() => {
  const box = document.querySelector(".runs");
  const tools = document.querySelector(".runs-tools");
  const [head, body] = box.querySelectorAll("thead, tbody");
  const search = document.querySelector("#runs-search");
  const said = document.querySelector("#runs-count");
  const { columns } = JSON.parse(document.querySelector("#runs-data").textContent);
  const total = columns[0].values.length;
  const CHUNK = 100, PRINTED = 500, CHOICES = 40;
  const collator = new Intl.Collator("en", { numeric: true, sensitivity: "base" });
  for (const column of columns) {
    column.numeric = column.digits !== undefined;
    column.format = new Intl.NumberFormat("en", { minimumFractionDigits: column.digits, maximumFractionDigits: column.digits });
    column.filter = "";
  }
  const text = (column, row) => {
    const value = column.values[row];
    if (column.numeric) return value === null ? "" : column.format.format(value).replace("-", "−");
    return column.levels ? column.levels[value] : value;
  };
  let order = { column: null, sign: 1 };
  let shown = [];

  // A filter of numbers: > 90, <= 0.5, 80..90; anything else is what the number begins with
  const comparisons = { ">": (a, b) => a > b, ">=": (a, b) => a >= b, "<": (a, b) => a < b, "<=": (a, b) => a <= b, "=": (a, b) => a === b };
  const numbers = (filter, column) => {
    const plain = filter.replaceAll("−", "-").replaceAll(",", "").trim();
    const range = plain.match(/^(-?[\d.]+(?:e-?\d+)?)\s*(?:\.\.|to)\s*(-?[\d.]+(?:e-?\d+)?)$/i);
    if (range) {
      const [least, most] = [Number(range[1]), Number(range[2])];
      return (row) => column.values[row] !== null && column.values[row] >= least && column.values[row] <= most;
    }
    const compared = plain.match(/^(>=|<=|>|<|=)\s*(-?[\d.]+(?:e-?\d+)?)$/i);
    if (compared && !Number.isNaN(Number(compared[2]))) {
      const [test, bound] = [comparisons[compared[1]], Number(compared[2])];
      return (row) => column.values[row] !== null && test(column.values[row], bound);
    }
    if (!/^-?[\d.]+$/.test(plain)) return null;
    return (row) => text(column, row).replaceAll(",", "").replace("−", "-").startsWith(plain);
  };
  const words = (filter, column) => {
    const wanted = filter.toLowerCase();
    return (row) => text(column, row).toLowerCase().includes(wanted);
  };
  const choice = (filter, column) => {
    const wanted = column.levels.indexOf(filter);
    return (row) => column.values[row] === wanted;
  };
  const everything = [];
  const found = (row, wanted) => {
    everything[row] ??= columns.map((column) => text(column, row)).join("\n").toLowerCase();
    return wanted.every((word) => everything[row].includes(word));
  };
  const tests = () => {
    const made = [];
    for (const column of columns) {
      const given = column.filter.trim();
      const make = column.numeric ? numbers : column.control.tagName === "SELECT" ? choice : words;
      const test = given ? make(column.numeric ? given : column.filter, column) : undefined;
      column.control.setAttribute("aria-invalid", test === null);
      if (test) made.push(test);
    }
    const wanted = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    if (wanted.length) made.push((row) => found(row, wanted));
    return made;
  };
  const compare = ({ column, sign }) => (a, b) => {
    const [x, y] = [column.values[a], column.values[b]];
    if (column.numeric) return x === y ? a - b : x === null ? 1 : y === null ? -1 : sign * (x - y);
    return sign * collator.compare(text(column, a), text(column, b)) || a - b;
  };

  const cell = (column, row, first) => {
    const element = document.createElement(first ? "th" : "td");
    element.textContent = text(column, row);
    if (first) element.scope = "row";
    if (!column.numeric) {
      element.className = "words";
      element.title = element.textContent;
    }
    return element;
  };
  const more = (many) => {
    const rows = document.createDocumentFragment();
    const start = body.rows.length;
    for (let place = start; place < Math.min(start + many, shown.length); place += 1) {
      const row = document.createElement("tr");
      row.setAttribute("aria-rowindex", place + 3);
      row.append(...columns.map((column, i) => cell(column, shown[place], i === 0)));
      rows.append(row);
    }
    body.append(rows);
  };
  const update = () => {
    const made = tests();
    shown = [];
    for (let row = 0; row < total; row += 1) if (made.every((test) => test(row))) shown.push(row);
    if (order.column) shown.sort(compare(order));
    body.replaceChildren();
    box.scrollTop = 0;
    more(CHUNK);
    const all = total.toLocaleString("en");
    said.textContent = shown.length === total ? `${all} runs` : `${shown.length.toLocaleString("en")} of ${all} runs`;
    box.querySelector("table").setAttribute("aria-rowcount", shown.length + 2);
  };

  const sort = (column) => {
    const again = order.column === column;
    if (again && order.sign === -1) order = { column: null, sign: 1 };
    else order = { column, sign: again ? -1 : 1 };
    for (const other of columns) {
      const way = other !== order.column ? "none" : order.sign === 1 ? "ascending" : "descending";
      other.heading.setAttribute("aria-sort", way);
    }
    update();
  };
  const heading = (column) => {
    const element = document.createElement("th");
    element.scope = "col";
    element.className = column.numeric ? "" : "words";
    element.setAttribute("aria-sort", "none");
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = column.head;
    button.addEventListener("click", () => sort(column));
    element.append(button);
    column.heading = element;
    return element;
  };
  const control = (column) => {
    const few = !column.numeric && column.levels && column.levels.length <= CHOICES;
    const element = document.createElement(few ? "select" : "input");
    if (few) {
      const options = [...column.levels].filter(Boolean).sort(collator.compare);
      element.append(new Option("all", ""), ...options.map((level) => new Option(level, level)));
    } else {
      element.autocomplete = "off";
      element.spellcheck = false;
    }
    element.setAttribute("aria-label", `Filter ${column.head}`);
    element.addEventListener("input", () => {
      column.filter = element.value;
      update();
    });
    column.control = element;
    const place = document.createElement("th");
    place.append(element);
    return place;
  };

  const quoted = (value) => (/[",\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value);
  const exact = (column, row) => (column.numeric ? String(column.values[row] ?? "") : text(column, row));
  const save = () => {
    const lines = [columns.map((column) => quoted(column.head)).join(",")];
    for (const row of shown) lines.push(columns.map((column) => quoted(exact(column, row))).join(","));
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([`${lines.join("\n")}\n`], { type: "text/csv" }));
    link.download = "runs.csv";
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  };

  const row = (cells, name) => {
    const element = document.createElement("tr");
    element.className = name;
    element.append(...cells);
    return element;
  };
  head.append(row(columns.map(heading), "heads"), row(columns.map(control), "filters"));
  search.addEventListener("input", update);
  document.querySelector("#runs-csv").addEventListener("click", save);
  document.querySelector("#runs-reset").addEventListener("click", () => {
    search.value = "";
    for (const column of columns) column.filter = column.control.value = "";
    update();
  });
  box.addEventListener("scroll", () => {
    if (box.scrollTop + box.clientHeight > box.scrollHeight - 600) more(CHUNK);
  });
  addEventListener("beforeprint", () => {
    more(Math.max(0, PRINTED - body.rows.length));
    if (body.rows.length < shown.length) said.textContent += `, the first ${body.rows.length} printed`;
  });
  addEventListener("afterprint", update);
  box.hidden = tools.hidden = false;
  update();
})();
