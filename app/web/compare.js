// What moves in compare.py: the line, the part that is shown, and the brush. Gradio calls this with
// `element`, `props`, `trigger` and `watch`, and words in front of it `texts`. Places are fractions of the box.
const box = () => element.querySelector('.compare');
const within = (x, low, high) => Math.min(high, Math.max(low, x));

// They stay from one result to the next, so that two models can be compared.
let split = 0.5;
let zoom = 1, left = 0, top = 0; // how much larger than the whole picture; where the stage starts
let isHeld = false, isDrawing = false, isErasing = false;
let hasRegion = false;
let brush = { x: 0.5, y: 0.5, width: 0.1, isDown: false };
let photo = null;

// What the whole picture takes of the box, which is not as narrow as a panorama.
const share = () => {
  const stage = box().querySelector('.stage'); // the size that it has without its transform
  return {
    wide: stage.offsetWidth / box().offsetWidth || 1, // 0 / 0 while it is out of sight
    high: stage.offsetHeight / box().offsetHeight || 1,
  };
};

// Where a stage that takes so much of the box may start: it is in the middle, or fills the box.
const start = (wanted, size) => size < 1 ? (1 - size) / 2 : within(wanted, 1 - size, 0);

const show = () => {
  if (!box()) {
    photo = null; // what was drawn is gone as well
    return;
  }
  if (photo !== props.value.photo) { // another one: all of it, and no region
    photo = props.value.photo;
    [zoom, left, top, isDrawing, hasRegion] = [1, 0, 0, false, false];
    canvas().getContext('2d').clearRect(0, 0, canvas().width, canvas().height);
  }
  const { wide, high } = share();
  left = start(left, zoom * wide);
  top = start(top, zoom * high);
  const style = box().style;
  style.setProperty('--split', `${100 * split}%`);
  const cut = isHeld ? 1 : isDrawing ? 0 : within((split - left) / (zoom * wide), 0, 1); // of the stage
  style.setProperty('--cut', `${100 * cut}%`);
  style.setProperty('--stage', `translate(${100 * left}cqw, ${100 * top}cqh) scale(${zoom})`);
  style.setProperty('--brush', `${100 * brush.width}%`);
  style.setProperty('--brush-x', `${100 * brush.x}%`);
  style.setProperty('--brush-y', `${100 * brush.y}%`);
  box().classList.toggle('zoomed', zoom > 1);
  box().classList.toggle('whole', isHeld || isDrawing);
  box().classList.toggle('low', zoom * high < 0.5);
  // Not on the box: Gradio takes off for a moment what the template does not have, and what is not
  // displayed loses the focus.
  element.toggleAttribute('data-draws', isDrawing);
  element.querySelector('.in-force').hidden = !hasRegion;
  canvas().tabIndex = isDrawing ? 0 : -1;
  const line = box().querySelector('.split');
  line.value = 100 * split;
  line.setAttribute('aria-valuetext', texts.share.replace('%', Math.round(100 * split)));
  const pressed = { region: isDrawing, brush: !isErasing, erase: isErasing };
  for (const [name, isPressed] of Object.entries(pressed)) {
    element.querySelector(`[data-do=${name}]`).setAttribute('aria-pressed', isPressed);
  }
  element.querySelector('.width').value = 100 * brush.width;
};

const canvas = () => box().querySelector('canvas');

const zoomTo = (wanted, x = 0.5, y = 0.5) => {
  const { wide, high } = share();
  const next = within(wanted, 1, 8 / Math.min(wide, high)); // eight times what fills the box
  left = x - (x - left) / zoom * next;
  top = y - (y - top) / zoom * next;
  zoom = next;
  show();
};

// Where a pointer is: of the box, or with `stage` of the picture.
const place = (event, stage = false) => {
  const area = box().getBoundingClientRect();
  const x = (event.clientX - area.left) / area.width;
  const y = (event.clientY - area.top) / area.height;
  if (!stage) return { x, y };
  const { wide, high } = share();
  return { x: (x - left) / (zoom * wide), y: (y - top) / (zoom * high) };
};

const drawTo = ({ x, y }) => {
  const [c, ink] = [canvas(), canvas().getContext('2d')];
  ink.globalCompositeOperation = isErasing ? 'destination-out' : 'source-over';
  ink.strokeStyle = getComputedStyle(c).color;
  ink.lineWidth = brush.width * c.width;
  ink.lineCap = ink.lineJoin = 'round';
  ink.beginPath();
  ink.moveTo(brush.x * c.width, brush.y * c.height);
  ink.lineTo(x * c.width, y * c.height + 0.01); // a dot, where there is no way
  ink.stroke();
};

const tell = () => {
  const { width, height } = canvas();
  const copy = new OffscreenCanvas(width, height);
  const ink = copy.getContext('2d');
  ink.drawImage(canvas(), 0, 0);
  const isEmpty = !ink.getImageData(0, 0, width, height).data.some((v, i) => i % 4 === 3 && v);
  hasRegion = !isEmpty;
  show();
  if (isEmpty) return trigger('draw', { region: '' });
  ink.globalCompositeOperation = 'source-in';
  ink.fillStyle = '#fff';
  ink.fillRect(0, 0, width, height);
  copy.convertToBlob().then(blob => {
    const reader = new FileReader();
    reader.onload = () => trigger('draw', { region: reader.result });
    reader.readAsDataURL(blob);
  });
};

const pointers = new Map();
let pull = null; // what a pointer does until it is lifted: 'line', 'pan', 'draw', 'pinch'
let splitBefore = split; // where the line was then

const gap = () => {
  const [a, b] = [...pointers.values()];
  return { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2, length: Math.hypot(a.x - b.x, a.y - b.y) };
};

element.addEventListener('pointerdown', event => {
  if (!event.target.closest('.compare') || event.button) return;
  const here = place(event);
  pointers.set(event.pointerId, here);
  box().setPointerCapture(event.pointerId);
  if (pointers.size === 2) {
    if (pull === 'draw') tell(); // what the first finger drew
    if (pull === 'line') split = splitBefore; // it came to zoom
    pull = 'pinch';
  } else if (isDrawing) {
    pull = 'draw';
    brush = { ...brush, ...place(event, true) };
    drawTo(brush);
  } else {
    pull = zoom > 1 && Math.abs(here.x - split) > 0.06 ? 'pan' : 'line';
    splitBefore = split;
    if (pull === 'line') split = within(here.x, 0, 1);
  }
  show();
});

element.addEventListener('pointermove', event => {
  if (!event.target.closest('.compare')) return;
  const last = pointers.get(event.pointerId);
  const here = place(event);
  const spot = place(event, true);
  if (!last) {
    if (isDrawing) { brush = { ...brush, ...spot }; show(); }
    return;
  }
  const before = pull === 'pinch' && pointers.size === 2 && gap();
  pointers.set(event.pointerId, here);
  if (pull === 'line') split = within(here.x, 0, 1);
  if (pull === 'pan') { left += here.x - last.x; top += here.y - last.y; }
  if (pull === 'draw') { drawTo(spot); brush = { ...brush, ...spot }; }
  if (before) {
    const now = gap();
    left += now.x - before.x;
    top += now.y - before.y;
    zoomTo(zoom * now.length / before.length, now.x, now.y);
  }
  show();
});

for (const end of ['pointerup', 'pointercancel']) {
  element.addEventListener(end, event => {
    if (!pointers.delete(event.pointerId)) return;
    if (pull === 'draw') tell();
    if (!pointers.size || pull !== 'pinch') pull = null;
  });
}

element.addEventListener('wheel', event => {
  if (!event.ctrlKey || !event.target.closest('.compare')) return; // the page scrolls
  event.preventDefault();
  const { x, y } = place(event);
  zoomTo(zoom * Math.exp(-event.deltaY / 200), x, y);
}, { passive: false });

element.addEventListener('input', event => {
  if (event.target.matches('.split')) split = event.target.valueAsNumber / 100;
  if (event.target.matches('.width')) brush.width = event.target.valueAsNumber / 100;
  show();
});

const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

element.addEventListener('keydown', event => {
  const arrow = ARROWS[event.key];
  if (event.target.matches('canvas')) {
    if (event.key === ' ') { brush.isDown = true; drawTo(brush); }
    else if (arrow) {
      const x = within(brush.x + arrow[0] * brush.width / 4, 0, 1);
      const y = within(brush.y + arrow[1] * brush.width / 4, 0, 1);
      if (brush.isDown) drawTo({ x, y });
      brush = { ...brush, x, y };
    } else if (event.key === 'Escape') {
      isDrawing = false;
      element.querySelector('[data-do=region]').focus();
    } else return;
  } else if (event.target.matches('.split')) {
    if (event.key === '+') zoomTo(zoom * 1.5, split);
    else if (event.key === '-') zoomTo(zoom / 1.5, split);
    else if (event.key === '0') zoomTo(1);
    else if (arrow && event.shiftKey) { left -= arrow[0] / 20; top -= arrow[1] / 20; }
    else if (arrow) split = within(split + (arrow[0] - arrow[1]) / 20, 0, 1);
    else return;
  } else if (event.target.matches('[data-do=hold]') && (event.key === ' ' || event.key === 'Enter')) {
    isHeld = true;
  } else return;
  event.preventDefault();
  show();
});

element.addEventListener('keyup', event => {
  if (event.target.matches('canvas') && event.key === ' ') { brush.isDown = false; tell(); }
  if (isHeld) { isHeld = false; show(); }
});

element.addEventListener('click', event => {
  switch (event.target.closest('[data-do]')?.dataset.do) {
    case 'smaller': return zoomTo(zoom / 1.5);
    case 'whole': return zoomTo(1);
    case 'larger': return zoomTo(zoom * 1.5);
    case 'region':
      isDrawing = !isDrawing;
      show();
      if (isDrawing && !event.detail) canvas().focus(); // by a key: it is far before the button
      break;
    case 'brush': isErasing = false; break;
    case 'erase': isErasing = true; break;
    case 'clear':
      canvas().getContext('2d').clearRect(0, 0, canvas().width, canvas().height);
      tell();
  }
  show();
});

element.addEventListener('pointerdown', event => {
  if (event.target.matches('[data-do=hold]')) { isHeld = true; show(); }
});
for (const end of ['pointerup', 'pointercancel', 'blur']) {
  addEventListener(end, () => { if (isHeld) { isHeld = false; show(); } });
}

new ResizeObserver(show).observe(element);
watch('value', show);
show();
