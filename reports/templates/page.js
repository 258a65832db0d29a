(function () {
  "use strict";
  var table = document.getElementById("duty-table");
  var tools = document.getElementById("duty-tools");
  if (table && tools) {
    var body = table.tBodies[0];
    var rows = Array.prototype.slice.call(body.rows);
    var words = document.getElementById("duty-words");
    var verdict = document.getElementById("duty-verdict");
    var kind = document.getElementById("duty-kind");
    var told = document.getElementById("duty-told");
    var filter = function () {
      var wanted = words.value.toLowerCase().split(/\s+/).filter(Boolean);
      var shown = 0;
      rows.forEach(function (row) {
        var text = row.textContent.toLowerCase();
        var fits = wanted.every(function (word) { return text.indexOf(word) >= 0; }) &&
          (!verdict.value || row.dataset.verdict === verdict.value) &&
          (!kind.value || row.dataset.kind === kind.value);
        row.hidden = !fits;
        shown += fits ? 1 : 0;
      });
      told.textContent = shown + " of " + rows.length + " shown";
    };
    [words, verdict, kind].forEach(function (control) { control.addEventListener("input", filter); });
    tools.hidden = false;
    filter();

    Array.prototype.forEach.call(table.tHead.rows[0].cells, function (cell, column) {
      var button = document.createElement("button");
      button.type = "button";
      var printed = document.createElement("span");
      printed.className = "printed";
      printed.setAttribute("aria-hidden", "true");
      button.textContent = printed.textContent = cell.textContent;
      cell.textContent = "";
      cell.appendChild(button);
      cell.appendChild(printed);
      button.addEventListener("click", function () {
        var down = cell.getAttribute("aria-sort") === "ascending";
        Array.prototype.forEach.call(table.tHead.rows[0].cells, function (other) { other.removeAttribute("aria-sort"); });
        cell.setAttribute("aria-sort", down ? "descending" : "ascending");
        var key = function (row) { var c = row.cells[column]; return c.dataset.sort || c.textContent.trim().toLowerCase(); };
        rows.map(function (row, index) { return { row: row, key: key(row), index: index }; })
          .sort(function (a, b) {
            var order = a.key < b.key ? -1 : a.key > b.key ? 1 : a.index - b.index;
            return down ? -order : order;
          })
          .forEach(function (each) { body.appendChild(each.row); });
      });
    });
  }

  var exchanges = Array.prototype.slice.call(document.querySelectorAll("details.exchange"));
  exchanges.forEach(function (exchange) {
    exchange.addEventListener("toggle", function () {
      exchange.querySelectorAll("pre").forEach(function (pre) {
        var mark = pre.querySelector("mark");
        if (mark) { pre.scrollTop = Math.max(0, mark.offsetTop - 80); }
      });
    });
  });
  var all = document.getElementById("all-exchanges");
  if (all && exchanges.length) {
    all.hidden = false;
    all.addEventListener("click", function () {
      var open = all.getAttribute("aria-pressed") !== "true";
      exchanges.forEach(function (exchange) { exchange.open = open; });
      all.setAttribute("aria-pressed", String(open));
    });
  }
  window.addEventListener("beforeprint", function () {
    document.querySelectorAll("details.more").forEach(function (fold) { fold.open = true; });
  });
  var reveal = function () {
    var target = location.hash.length > 1 && document.getElementById(location.hash.slice(1));
    if (target && target.tagName === "DETAILS") { target.open = true; target.scrollIntoView(); }
  };
  window.addEventListener("hashchange", reveal);
  reveal();
})();
