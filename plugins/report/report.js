'use strict';
(() => {
  const SVG = 'http://www.w3.org/2000/svg';
  const DASHES = ['', '7 4', '2 3', '9 3 2 3'];
  const COLOURS = 7;

  // ---- Tables: a click on a head sorts by its column, blanks last.
  const valueOf = cell => {
    const text = cell.dataset.v ?? cell.textContent.trim();
    if (text === '') return null;
    // 57,044,810 and `84.50 [84.00 to 85.00]` are numbers too.
    const number = /^(-?[\d,]*\.?\d+(?:e[-+]?\d+)?)(?: ?\[.*\])?$/i.exec(text);
    return number ? Number(number[1].replaceAll(',', '')) : text;
  };
  const compare = (a, b) => typeof a === 'number' && typeof b === 'number' ? a - b
    : String(a).localeCompare(String(b), undefined, {numeric: true});

  const sortBy = (table, head) => {
    const column = [...head.parentNode.children].indexOf(head);
    const down = head.getAttribute('aria-sort') === 'ascending';
    for (const other of head.parentNode.children) {
      if (other.hasAttribute('aria-sort')) other.setAttribute('aria-sort', 'none');
    }
    head.setAttribute('aria-sort', down ? 'descending' : 'ascending');
    const body = table.tBodies[0];
    const rows = [...body.rows].map(row => [valueOf(row.cells[column]), row]);
    rows.sort(([a], [b]) => {
      if (a === null || b === null) return (a === null) - (b === null);
      return down ? compare(b, a) : compare(a, b);
    });
    body.append(...rows.map(([, row]) => row));
  };
  for (const table of document.querySelectorAll('table.sortable')) {
    for (const head of table.tHead.rows[0].cells) {
      head.querySelector('button')?.addEventListener('click', () => sortBy(table, head));
    }
  }

  // ---- Links into folded parts open them; what is printed is not folded.
  const unfold = () => {
    const target = location.hash && document.getElementById(location.hash.slice(1));
    if (target) {
      target.closest('details')?.setAttribute('open', '');
      target.scrollIntoView();
    }
  };
  addEventListener('hashchange', unfold);
  addEventListener('beforeprint', () => {
    for (const part of document.querySelectorAll('details')) part.open = true;
  });
  unfold();

  // ---- Curves.
  const place = document.getElementById('curves-plot');
  if (!place) return;
  const data = JSON.parse(document.getElementById('curves-data').textContent);
  const choice = document.getElementById('measure');
  const list = document.getElementById('curves-runs');
  const readout = document.getElementById('readout');
  const logarithmic = document.getElementById('logarithmic');
  let cursor = null;  // x of the values that are read out
  let shown = [];

  const element = (name, attributes, parent) => {
    const made = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    parent?.append(made);
    return made;
  };
  const style = run => {
    const {look} = data.runs[run];
    return {stroke: `var(--c${look % COLOURS})`,
      'stroke-dasharray': DASHES[Math.floor(look / COLOURS) % DASHES.length]};
  };
  const format = value => {
    const size = Math.abs(value);
    return size !== 0 && (size < 1e-3 || size >= 1e6) ? value.toExponential(1)
      : String(Number(value.toPrecision(4)));
  };

  const ticksOf = (low, high, count, logs) => {
    const ticks = [];
    if (logs) {
      for (let power = Math.ceil(low - 1e-9); power <= high + 1e-9; power++) ticks.push(power);
      if (ticks.length >= 2) return ticks;
    }
    const rough = (high - low) / count;
    const base = 10 ** Math.floor(Math.log10(rough));
    const step = [1, 2, 5, 10].map(n => n * base).find(n => n >= rough);
    ticks.length = 0;
    for (let n = Math.ceil(low / step - 1e-9); n * step <= high + step * 1e-9; n++) {
      ticks.push(n * step);
    }
    return ticks;
  };

  const draw = () => {
    const measure = data.measures[Number(choice.value)];
    const logs = logarithmic.checked && measure.log;
    logarithmic.parentNode.hidden = !measure.log;
    const chosen = new Set([...list.querySelectorAll('input:checked')].map(box => +box.value));
    const have = new Set(measure.lines.map(line => line.run));
    for (const label of list.querySelectorAll('label')) {
      label.classList.toggle('none', !have.has(+label.querySelector('input').value));
    }
    shown = measure.lines.filter(line => chosen.has(line.run)).map(line => ({...line,
      points: logs ? line.points.filter(([, y]) => y > 0).map(([x, y]) => [x, Math.log10(y)])
        : line.points}));
    const width = Math.max(280, place.clientWidth), height = width < 500 ? 300 : 420;
    const box = {left: 58, right: width - 14, top: 14, bottom: height - 44};
    const svg = element('svg', {viewBox: `0 0 ${width} ${height}`, role: 'img', tabindex: 0,
      'aria-label': `${measure.label} of ${chosen.size} runs; arrow keys read values out`});
    place.replaceChildren(svg);
    const all = shown.flatMap(line => line.points);
    if (!all.length) {
      element('text', {x: width / 2, y: height / 2, 'text-anchor': 'middle'}, svg).textContent =
        'none of the chosen runs has this';
      readout.textContent = '';
      return;
    }
    const range = axis => {
      let low = Infinity, high = -Infinity;
      for (const point of all) {
        low = Math.min(low, point[axis]);
        high = Math.max(high, point[axis]);
      }
      if (measure.unit) return [0, 1];
      const pad = high > low ? (axis ? 0.05 * (high - low) : 0) : Math.abs(high) * 0.1 || 1;
      return [low - pad, high + pad];
    };
    const [x0, x1] = range(0), [y0, y1] = range(1);
    const X = x => box.left + (x - x0) / (x1 - x0) * (box.right - box.left);
    const Y = y => box.bottom - (y - y0) / (y1 - y0) * (box.bottom - box.top);
    for (const tick of ticksOf(y0, y1, 6, logs)) {
      element('line', {x1: box.left, x2: box.right, y1: Y(tick), y2: Y(tick), class: 'grid'}, svg);
      element('text', {x: box.left - 6, y: Y(tick) + 4, 'text-anchor': 'end'}, svg).textContent =
        format(logs ? 10 ** tick : tick);
    }
    for (const tick of ticksOf(x0, x1, width < 500 ? 5 : 10, false)) {
      if (measure.x === 'epoch' && !Number.isInteger(tick)) continue;
      element('line', {x1: X(tick), x2: X(tick), y1: box.top, y2: box.bottom, class: 'grid'}, svg);
      element('text', {x: X(tick), y: box.bottom + 18, 'text-anchor': 'middle'}, svg).textContent =
        format(tick);
    }
    element('text', {x: (box.left + box.right) / 2, y: height - 8, 'text-anchor': 'middle'}, svg)
      .textContent = measure.x;
    element('text', {x: 14, y: (box.top + box.bottom) / 2, 'text-anchor': 'middle',
      transform: `rotate(-90 14 ${(box.top + box.bottom) / 2})`}, svg).textContent = measure.y;
    const alone = shown.every(line => line.kind === 'train');
    for (const line of shown) {
      const thin = line.kind === 'train' && !alone;
      const look = {...style(line.run), fill: 'none', opacity: thin ? 0.6 : 1,
        'stroke-width': thin ? 1.2 : 2.2, 'stroke-linejoin': 'round'};
      element('path', {...look, d: line.points.map(
        ([x, y], i) => `${i ? 'L' : 'M'}${X(x).toFixed(1)} ${Y(y).toFixed(1)}`).join('')}, svg);
      for (const [x, y] of line.points.length === 1 ? line.points : []) {
        element('circle', {cx: X(x), cy: Y(y), r: 3.5, fill: look.stroke}, svg);
      }
    }
    const mark = element('line', {y1: box.top, y2: box.bottom, stroke: 'var(--soft)',
      visibility: 'hidden'}, svg);
    const xs = [...new Set(all.map(point => point[0]))].sort((a, b) => a - b);
    const read = x => {
      cursor = xs.reduce((best, other) => Math.abs(other - x) < Math.abs(best - x) ? other : best);
      mark.setAttribute('x1', X(cursor));
      mark.setAttribute('x2', X(cursor));
      mark.setAttribute('visibility', 'visible');
      const texts = shown.map(line => {
        const point = line.points.find(([at]) => at === cursor);
        return point && `${data.runs[line.run].name}${line.name ? ` (${line.name})` : ''}: `
          + format(logs ? 10 ** point[1] : point[1]);
      }).filter(Boolean);
      readout.textContent = `${measure.x} ${format(cursor)} \u2014 ${texts.join('; ')}`;
    };
    svg.addEventListener('pointermove', event => {
      const at = event.offsetX * width / svg.clientWidth;
      read(x0 + (at - box.left) / (box.right - box.left) * (x1 - x0));
    });
    svg.addEventListener('keydown', event => {
      const step = {ArrowLeft: -1, ArrowRight: 1}[event.key];
      if (!step) return;
      event.preventDefault();
      const now = cursor === null ? -1 : xs.indexOf(cursor);
      read(xs[Math.min(xs.length - 1, Math.max(0, now + step))]);
    });
  };

  data.measures.forEach((measure, i) => choice.append(new Option(measure.label, i)));
  data.runs.forEach((run, i) => {
    const label = document.createElement('label');
    const box = document.createElement('input');
    Object.assign(box, {type: 'checkbox', value: i, checked: run.on});
    const sample = element('svg', {viewBox: '0 0 26 12', 'aria-hidden': 'true'});
    element('line', {x1: 0, x2: 26, y1: 6, y2: 6, 'stroke-width': 3, ...style(i)}, sample);
    const name = document.createElement('span');
    for (const part of run.name.split(/(?<=[/_-])/)) name.append(part, document.createElement('wbr'));
    label.append(box, sample, name);
    list.append(label);
  });
  const redraw = () => { cursor = null; draw(); };
  choice.addEventListener('change', redraw);
  list.addEventListener('change', redraw);
  logarithmic.addEventListener('change', redraw);
  for (const [id, on] of [['all-runs', true], ['no-runs', false]]) {
    document.getElementById(id).addEventListener('click', () => {
      for (const box of list.querySelectorAll('input')) box.checked = on;
      redraw();
    });
  }
  // Losses of unlike models: on a linear axis one of them would be a line at the bottom.
  const losses = data.measures.filter(measure => measure.label === 'loss')
    .flatMap(measure => measure.lines).filter(line => data.runs[line.run].on)
    .flatMap(line => line.points.map(point => point[1])).filter(value => value > 0);
  logarithmic.checked = Math.max(...losses) > 50 * Math.min(...losses);
  let width = 0;
  new ResizeObserver(() => {
    if (place.clientWidth !== width) {
      width = place.clientWidth;
      requestAnimationFrame(draw);  // drawing here would change what is being observed
    }
  }).observe(place);
  draw();
})();
