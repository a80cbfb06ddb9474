"use strict";
(function () {
  const data = JSON.parse(document.getElementById("data").textContent);
  const rows = Array.from(document.querySelectorAll("#scores tbody tr"));
  // plotly's own button would upload the figure: nothing leaves this page
  const options = { responsive: true, displaylogo: false, showSendToCloud: false, plotlyServerURL: "" };
  const panels = ["attractor", "course", "loss"];

  function draw(id, figure) {
    const place = document.getElementById(id);
    place.closest("figure").hidden = !figure;
    if (figure) return Plotly.react(place, figure.data, figure.layout, options);
    return Promise.resolve();
  }

  function show(index) {
    const task = data.tasks[index];
    document.getElementById("task").textContent = "Task " + task.name;
    document.getElementById("note").textContent = task.note;
    rows.forEach((row, i) => row.setAttribute("aria-pressed", String(i === index)));
    history.replaceState(null, "", "#task=" + encodeURIComponent(task.name));
    return Promise.all(panels.map((id) => draw(id, task[id])));
  }

  function asked() {
    const name = decodeURIComponent((location.hash.match(/^#task=(.*)$/) || ["", ""])[1]);
    return Math.max(0, data.tasks.findIndex((task) => task.name === name));
  }

  rows.forEach((row, i) => {
    row.addEventListener("click", () => show(i));
    row.addEventListener("keydown", (event) => {
      if (event.key === "Enter" || event.key === " ") { event.preventDefault(); show(i); }
    });
  });
  window.addEventListener("hashchange", () => show(asked()));
  Promise.all([show(asked()), draw("biases", data.biases)]).then(() => { document.body.dataset.ready = "yes"; });
})();
