"use strict";
// What a curve was at the place pointed at, read off the drawing itself.
for (const svg of document.querySelectorAll("svg[data-from]")) {
  const box = svg.parentNode, said = box.querySelector("output"), set = svg.dataset;
  const points = svg.querySelector(".curve").getAttribute("d").slice(1).split("L")
    .map((pair) => pair.split(" ").map(Number));
  const cross = document.createElementNS("http://www.w3.org/2000/svg", "path");
  cross.setAttribute("class", "cross");
  svg.append(cross);
  const [from, to, low, high] = [set.from, set.to, set.low, set.high].map(Number);
  const { width, height } = svg.viewBox.baseVal;
  const digits = Math.max(2, 2 - Math.floor(Math.log10(high - low)));
  box.addEventListener("pointermove", (event) => {
    const area = svg.getBoundingClientRect();
    const x = (event.clientX - area.left) / area.width * width;
    let first = 0, last = points.length - 1;
    while (first < last) {
      const middle = (first + last + 1) >> 1;
      if (points[middle][0] <= x) first = middle; else last = middle - 1;
    }
    const [at, y] = points[first];
    const value = low + (1 - y / height) * (high - low);
    const time = new Date(from + at / width * (to - from)).toISOString();
    said.textContent = `${time.slice(0, 10)} ${time.slice(11, 19)}  ` +
      value.toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits }) +
      ` ${set.unit}`;
    const room = box.clientWidth - said.offsetWidth;
    said.style.left = `${Math.max(0, Math.min(room, at / width * box.clientWidth + 8))}px`;
    cross.setAttribute("d", `M${at} 0V${height}`);
    said.style.visibility = cross.style.visibility = "visible";
  });
  box.addEventListener("pointerleave", () => {
    said.style.visibility = cross.style.visibility = "hidden";
  });
}
