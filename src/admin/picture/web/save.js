// SPDX-License-Identifier: Apache-2.0
// Saves pictures and figures as files of the browser.

const kSavedAfter = 60_000; // ms: the browser has read the file by then, also a busy one

function save(name, blob) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), kSavedAfter);
}

const fileName = (title, suffix) => `${title.toLowerCase().replace(/[^a-z0-9]+/g, "-")}-${new Date().toISOString().slice(0, 19).replaceAll(":", "")}.${suffix}`;

// The canvas of a chart with its title, on the ground of the page.
export function savePng(title, canvas) {
  const style = getComputedStyle(document.body);
  const whole = document.createElement("canvas");
  const head = 28 * devicePixelRatio;
  whole.width = canvas.width;
  whole.height = canvas.height + head;
  const context = whole.getContext("2d");
  context.fillStyle = style.backgroundColor;
  context.fillRect(0, 0, whole.width, whole.height);
  context.fillStyle = style.color;
  context.font = `${14 * devicePixelRatio}px sans-serif`;
  context.fillText(title, 8 * devicePixelRatio, head * 0.7);
  context.drawImage(canvas, 0, head);
  whole.toBlob((blob) => save(fileName(title, "png"), blob));
}

// A drawing with the styles that its classes have on the page.
export function saveSvg(title, drawing) {
  const copy = drawing.cloneNode(true);
  const originals = [drawing, ...drawing.querySelectorAll("*")];
  [copy, ...copy.querySelectorAll("*")].forEach((element, i) => {
    const style = getComputedStyle(originals[i]);
    for (const name of ["fill", "stroke", "stroke-width", "font-family", "font-size", "font-weight"]) {
      element.setAttribute(name, style.getPropertyValue(name));
    }
  });
  copy.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  save(fileName(title, "svg"), new Blob([new XMLSerializer().serializeToString(copy)], { type: "image/svg+xml" }));
}

// A cell that begins like a formula would be one to a spreadsheet.
function cell(value) {
  let text = value === null || value === undefined ? "" : String(value);
  if (typeof value === "string" && /^[=+\-@\t\r]/.test(text)) text = `'${text}`;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
export function saveCsv(title, header, rows) {
  const lines = [header, ...rows].map((row) => row.map(cell).join(","));
  save(fileName(title, "csv"), new Blob([`${lines.join("\r\n")}\r\n`], { type: "text/csv" }));
}
