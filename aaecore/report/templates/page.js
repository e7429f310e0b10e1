"use strict";
// What decodes at the place of a plane of codes that the pointer, a finger or the arrow keys are at.
for (const block of document.querySelectorAll(".manifold")) {
  const { places, low, high } = { ...block.dataset, places: Number(block.dataset.places) };
  const range = (name) => block.dataset[name].split(" ").map(Number);
  const [left, right] = range("x");
  const [bottom, top] = range("y");
  const images = [...block.querySelectorAll(".whole img")];
  const canvas = block.querySelector("canvas");
  const said = block.querySelector("output");
  const svg = block.querySelector("svg");
  const circle = block.querySelector("circle");
  const whole = block.querySelector(".whole");
  const frame = whole.querySelector("b");
  const [x0, x1, y0, y1] = svg.dataset.frame.split(" ").map(Number);
  const number = (v) => v.toFixed(2).replace("-", "\u2212");
  let place = [(places - 1) / 2, (places - 1) / 2].map(Math.round);

  function show() {
    const image = images.find((i) => !i.hidden);
    const width = image.naturalWidth / places;
    const height = image.naturalHeight / places;
    canvas.width = width;
    canvas.height = height;
    canvas.getContext("2d").drawImage(image, place[0] * width, place[1] * height, width, height, 0, 0, width, height);
    const share = place.map((p) => (p + 0.5) / places);
    said.textContent = `z = (${number(left + share[0] * (right - left))}, ${number(top - share[1] * (top - bottom))})`;
    circle.setAttribute("cx", x0 + share[0] * (x1 - x0));
    circle.setAttribute("cy", y1 + share[1] * (y0 - y1));
    Object.assign(frame.style, {
      left: `${(100 * place[0]) / places}%`, top: `${(100 * place[1]) / places}%`,
      width: `${100 / places}%`, height: `${100 / places}%`,
    });
  }

  function move(across, down) {
    const within = (v) => Math.min(places - 1, Math.max(0, Math.floor(v)));
    place = [within(across), within(down)];
    show();
  }

  svg.addEventListener("pointermove", (event) => {
    const at = new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse());
    move(((at.x - x0) / (x1 - x0)) * places, ((at.y - y1) / (y0 - y1)) * places);
  });
  whole.addEventListener("pointermove", (event) => {
    const box = whole.getBoundingClientRect();
    move(((event.clientX - box.left) / box.width) * places, ((event.clientY - box.top) / box.height) * places);
  });
  for (const plane of [svg, whole]) {
    plane.addEventListener("pointerdown", (event) => plane.dispatchEvent(new PointerEvent("pointermove", event)));
    plane.addEventListener("keydown", (event) => {
      const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
      if (step) {
        event.preventDefault();
        move(place[0] + step[0], place[1] + step[1]);
      }
    });
  }
  for (const input of block.parentElement.querySelectorAll(".choice input")) {
    input.addEventListener("change", () => {
      images.forEach((image, i) => { image.hidden = i !== Number(input.value); });
      show();
    });
  }
  Promise.all(images.map((image) => image.decode())).then(show);
}
