'use strict';
// ---- Tables: a click on a header sorts the rows by that column, blanks last.
const valueOf = cell => {
  const text = cell.textContent.trim();
  // 57,044,810, `25 % (10 to 50)` and `84.50 [84.00 to 85.00]` are numbers too.
  const number = /^(-?[\d,]*\.?\d+(?:e[-+]?\d+)?)(?: %)?(?: ?[[(].*[\])])?$/i.exec(text);
  return number ? Number(number[1].replaceAll(',', '')) : text;
};
const compare = (a, b) => typeof a === 'number' && typeof b === 'number' ? a - b
  : String(a).localeCompare(String(b), undefined, {numeric: true});
const sortBy = (table, header) => {
  const headers = [...table.tHead.rows[0].cells];
  const column = headers.indexOf(header);
  const down = header.getAttribute('aria-sort') === 'ascending';
  for (const other of headers) other.setAttribute('aria-sort', 'none');
  header.setAttribute('aria-sort', down ? 'descending' : 'ascending');
  const rows = [...table.tBodies[0].rows].map(row => [valueOf(row.cells[column]), row]);
  rows.sort(([a], [b]) => (a === '') - (b === '') || (down ? compare(b, a) : compare(a, b)));
  table.tBodies[0].append(...rows.map(([, row]) => row));
};
for (const table of document.querySelectorAll('table.sortable')) {
  for (const header of table.tHead.rows[0].cells) {
    header.firstChild.addEventListener('click', () => sortBy(table, header));
  }
}

// ---- Curves.
const COLOURS = 7, DASHES = ['', '7 4', '2 3', '9 3 2 3'];
const find = id => document.getElementById(id);
const element = (name, attributes, parent, text = '') => {
  const made = document.createElementNS('http://www.w3.org/2000/svg', name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.textContent = text;
  parent.append(made);
  return made;
};
const format = value => {
  const size = Math.abs(value);
  return size !== 0 && (size < 1e-3 || size >= 1e6) ? value.toExponential(1)
    : String(Number(value.toPrecision(4)));
};
const ticksOf = (low, high, count, whole) => {
  const rough = (high - low) / count, base = 10 ** Math.floor(Math.log10(rough));
  const step = Math.max(whole ? 1 : 0, [1, 2, 5, 10].map(n => n * base).find(n => n >= rough));
  const first = Math.ceil(low / step - 1e-9), last = Math.floor(high / step + 1e-9);
  return Array.from({length: last - first + 1}, (_, i) => (first + i) * step);
};
const rangeOf = (values, pad) => {
  const low = values.reduce((a, b) => Math.min(a, b)), high = values.reduce((a, b) => Math.max(a, b));
  const more = high > low ? pad * (high - low) : Math.abs(high) * 0.1 || 1;
  return [low - more, high + more];
};

const drawCurves = data => {
  const styleOf = ({look}) => ({stroke: `var(--c${look % COLOURS})`,
    'stroke-dasharray': DASHES[Math.floor(look / COLOURS) % DASHES.length]});
  const place = find('curves-plot'), boxes = () => [...find('curves-runs').querySelectorAll('input')];

  const draw = () => {
    const measure = data.measures[find('measure').value];
    find('logarithmic').parentNode.hidden = !measure.log;
    const logs = measure.log && find('logarithmic').checked;
    const chosen = new Set(boxes().filter(box => box.checked).map(box => Number(box.value)));
    const lines = measure.lines.filter(line => chosen.has(line.run)).map(line => ({...line,
      points: logs ? line.points.filter(([, y]) => y > 0).map(([x, y]) => [x, Math.log10(y)])
        : line.points}));
    const all = lines.flatMap(line => line.points);
    const width = Math.max(280, place.clientWidth), height = width < 500 ? 300 : 420;
    const left = 58, right = width - 14, top = 14, bottom = height - 44;
    place.replaceChildren();
    find('readout').textContent = '';
    const svg = element('svg', {viewBox: `0 0 ${width} ${height}`, role: 'img',
      'aria-label': `${measure.label} of the selected runs`}, place);
    const write = (text, x, y, anchor = 'middle', rest = {}) =>
      element('text', {x, y, 'text-anchor': anchor, ...rest}, svg, text);
    if (!all.length) {
      write('None of the selected runs has this measure.', width / 2, height / 2);
      return;
    }
    const [x0, x1] = measure.unit ? [0, 1] : rangeOf(all.map(point => point[0]), 0);
    const [y0, y1] = measure.unit ? [0, 1] : rangeOf(all.map(point => point[1]), 0.05);
    const X = x => left + (x - x0) / (x1 - x0) * (right - left);
    const Y = y => bottom - (y - y0) / (y1 - y0) * (bottom - top);
    const rates = [0, Math.log10(2), Math.log10(5)].flatMap(part =>
      ticksOf(Math.floor(y0), Math.ceil(y1), 99, true).map(tick => tick + part));
    const fit = rates.filter(tick => tick >= y0 && tick <= y1);
    for (const tick of logs && fit.length > 1 && fit.length < 12 ? fit : ticksOf(y0, y1, 6, false)) {
      element('line', {x1: left, x2: right, y1: Y(tick), y2: Y(tick), class: 'grid'}, svg);
      write(format(logs ? 10 ** tick : tick), left - 6, Y(tick) + 4, 'end');
    }
    for (const tick of ticksOf(x0, x1, width < 500 ? 5 : 10, measure.x === 'epoch')) {
      element('line', {x1: X(tick), x2: X(tick), y1: top, y2: bottom, class: 'grid'}, svg);
      write(format(tick), X(tick), bottom + 18);
    }
    write(measure.x, (left + right) / 2, height - 8);
    write(measure.y, 14, (top + bottom) / 2, 'middle',
      {transform: `rotate(-90 14 ${(top + bottom) / 2})`});
    for (const line of lines) {
      const look = {...styleOf(data.runs[line.run]), fill: 'none', 'stroke-linecap': 'round',
        'stroke-width': line.thin ? 1.2 : 2.4, opacity: line.thin ? 0.6 : 1};
      // A single point is drawn as a dot: a line of no length with round ends.
      const points = line.points.length > 1 ? line.points : [...line.points, ...line.points];
      element('path', {...look, d: points.map(
        ([x, y], i) => `${i ? 'L' : 'M'}${X(x).toFixed(1)} ${Y(y).toFixed(1)}`).join('')}, svg);
    }
    const mark = element('line', {y1: top, y2: bottom, stroke: 'var(--soft)', x1: -9, x2: -9}, svg);
    svg.addEventListener('pointermove', event => {
      const wanted = x0 + (event.offsetX * width / svg.clientWidth - left) / (right - left) * (x1 - x0);
      const at = all.reduce((best, [x]) => Math.abs(x - wanted) < Math.abs(best - wanted) ? x : best,
        all[0][0]);
      for (const end of ['x1', 'x2']) mark.setAttribute(end, X(at));
      const texts = lines.flatMap(line => line.points.filter(([x]) => x === at).map(([, y]) =>
        `${data.runs[line.run].name}${line.thin ? ' (training)' : ''}: ${format(logs ? 10 ** y : y)}`));
      find('readout').textContent = `${measure.x} ${format(at)} \u2014 ${texts.join('; ')}`;
    });
  };

  data.measures.forEach((measure, i) => find('measure').append(new Option(measure.label, i)));
  data.runs.forEach((run, i) => {
    const label = document.createElement('label'), box = document.createElement('input');
    Object.assign(box, {type: 'checkbox', value: i, checked: run.on});
    label.append(box);
    const sample = element('svg', {viewBox: '0 0 26 12', 'aria-hidden': 'true'}, label);
    element('line', {x1: 0, x2: 26, y1: 6, y2: 6, 'stroke-width': 3, ...styleOf(run)}, sample);
    label.append(run.name);
    find('curves-runs').append(label);
  });
  for (const [id, on] of [['all-runs', true], ['no-runs', false]]) {
    find(id).addEventListener('click', () => {
      for (const box of boxes()) box.checked = on;
      draw();
    });
  }
  for (const id of ['measure', 'curves-runs', 'logarithmic']) find(id).addEventListener('change', draw);
  addEventListener('resize', draw);
  draw();
};
if (find('curves-data')) drawCurves(JSON.parse(find('curves-data').textContent));
