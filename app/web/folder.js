// Shows the job that the page's address names, as the API knows it. `element`, `props` and `watch`
// are Gradio's: the component that this belongs to, its value, and its changes; words in front of it
// `texts`.
const say = (text, values = {}) => texts[text].replace(/{(\w+)}/g, (_, name) => values[name]);
const jobs = new URL('api/v1/jobs/', document.baseURI);
const POLL_MS = 1000, MANY = 200; // of more files than that, less often

const make = (tag, properties = {}, ...children) => {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
};
const root = () => element.querySelector('.job');
const set = (part, text) => { // nothing is said twice: screen readers read what changes
  if (part.textContent !== text) part.textContent = text;
};

let id = null; // of the job that is shown
let timer = 0;

const refuse = sentence => {
  const text = make('strong', { textContent: texts.refused });
  const told = sentence && make('p', { className: 'empty refusal', role: 'alert' }, text, ' ', sentence);
  element.querySelector('.job-refusal').replaceChildren(...(told ? [told] : []));
};

// What stays while a job is shown: a poll changes what is in it, so that no button loses its focus.
const frame = () => {
  const parts = {
    state: make('p', { className: 'state', role: 'status' }),
    detail: make('p', { className: 'detail' }),
    bar: make('progress', { ariaLabel: texts.progress }),
    // As a download, one that is not there any more leaves the page as it is.
    download: make('a', { className: 'action main', textContent: texts.download, download: '' }),
    cancel: make('button', { className: 'action', textContent: texts.cancel }),
    remove: make('button', { className: 'action', textContent: texts.remove }),
    sure: make('div', { className: 'sure', hidden: true }),
    removeIt: make('button', { className: 'action', textContent: texts.removeIt }),
    keep: make('button', { className: 'action', textContent: texts.keep }),
    note: make('p', { className: 'job-note' }),
    failures: make('ul', { className: 'failures' }),
    pairs: make('ul', { className: 'pairs' }),
    files: make('ol', { className: 'files' }),
  };
  const section = (title, list, open) => {
    const summary = make('summary', { textContent: title });
    return make('details', { open, hidden: true }, summary, list);
  };
  const row = (...buttons) => make('div', { className: 'actions' }, ...buttons);
  parts.sure.append(
    make('p', { textContent: texts.sure, role: 'alert' }), row(parts.removeIt, parts.keep),
  );
  root().replaceChildren(
    parts.state, parts.detail, parts.bar, row(parts.download, parts.cancel, parts.remove),
    parts.sure, parts.note,
    section(texts.failures, parts.failures, true),
    section(texts.pairs, parts.pairs, true),
    section(texts.files, parts.files, false),
  );
  parts.download.onclick = poll; // another page may have removed it
  parts.cancel.onclick = () => act('POST', `${id}/cancel`, parts.cancel);
  parts.remove.onclick = () => ask(true);
  parts.keep.onclick = () => ask(false);
  parts.removeIt.onclick = () => act('DELETE', id, parts.removeIt);
  return parts;
};
let parts = null;

// Whether to remove it; the focus goes to the answer that loses nothing, and back.
const ask = isAsked => {
  parts.sure.hidden = !isAsked;
  parts.remove.disabled = isAsked;
  (isAsked ? parts.keep : parts.remove).focus();
};

// A list that only grows, so that its pictures are not fetched again.
const fill = (list, items, makeItem) => {
  list.append(...items.slice(list.children.length).map(makeItem));
  list.parentElement.hidden = items.length === 0;
};

const image = (number, when, name) => make('img', {
  src: new URL(`${id}/pictures/${number}/${when}`, jobs), alt: say(when, { name }), loading: 'lazy',
});

const show = job => {
  if (!parts?.state.isConnected) parts = frame();
  const { counts } = job, isOpen = job.state === 'queued' || job.state === 'running';
  set(parts.state, texts[isOpen && parts.cancel.disabled ? 'cancelling' : job.state]);
  const counted = say(counts.failed ? 'countsFailed' : 'counts', counts);
  const before = job.position ? ` · ${say('position', job)}` : '';
  set(parts.detail, job.problem ? `${job.problem} · ${counted}` : counted + before);
  parts.bar.max = counts.all;
  parts.bar.value = counts.done + counts.failed;
  parts.download.hidden = !job.result || !counts.done;
  parts.download.href = new URL(`${id}/result`, jobs);
  parts.cancel.hidden = !isOpen;
  parts.remove.hidden = isOpen;
  const date = new Date(job.kept_until).toLocaleDateString(undefined, { dateStyle: 'long' });
  set(parts.note, isOpen ? texts.keepAddress : say('kept', { date }));

  const reasons = job.failures.map(failure => failure.reason);
  if (parts.failures.children.length !== reasons.length) parts.failures.replaceChildren();
  fill(parts.failures, reasons, reason => make('li', { textContent: reason }));
  const numbered = job.pictures.map((picture, index) => ({ ...picture, number: index + 1 }));
  fill(parts.pairs, numbered.filter(picture => picture.has_preview), ({ number, name }) => make(
    'li', {}, make('figure', {},
      image(number, 'before', name), image(number, 'after', name),
      make('figcaption', { textContent: name }),
    ),
  ));
  fill(parts.files, numbered, ({ name }) => (
    make('li', {}, make('span', { textContent: name }), make('span'))
  ));
  numbered.forEach(({ state }, index) => {
    const item = parts.files.children[index];
    item.dataset.state = state;
    set(item.lastChild, texts[`file-${state}`]);
  });
  return isOpen;
};

const readdress = job => {
  const address = new URL(location);
  if (job) address.searchParams.set('job', job);
  else address.searchParams.delete('job');
  history.replaceState(history.state, '', address);
};

const end = sentence => {
  parts = null;
  root().replaceChildren(make('p', { className: 'empty', role: 'status', textContent: sentence }));
};

const poll = async () => {
  clearTimeout(timer);
  const asked = id;
  let wait = POLL_MS;
  try {
    const answer = await fetch(new URL(asked, jobs));
    if (asked !== id) return; // another job is shown by now
    if (answer.status === 404) return end(texts.gone);
    if (answer.status === 401) return location.reload(); // started again, it asks who this is
    const job = await answer.json();
    if (!answer.ok) throw new Error(job.detail);
    if (!show(job)) return;
    if (job.pictures.length > MANY) wait *= 3;
  } catch {
    if (parts) set(parts.note, texts.offline);
    else end(texts.offline);
    wait *= 2;
  }
  timer = setTimeout(poll, wait);
};

const act = async (method, path, button) => {
  button.disabled = true;
  const answer = await fetch(new URL(path, jobs), { method }).catch(() => null);
  if (!answer?.ok) button.disabled = false; // it can be pressed again
  if (!answer?.ok || method !== 'DELETE') return poll();
  id = null;
  readdress(null);
  end(texts.removed);
};

const open = chosen => {
  id = chosen;
  parts = null;
  poll();
};

const hear = () => {
  refuse(typeof props.value === 'string' ? props.value : props.value?.refusal);
  if (!props.value?.id || props.value.id === id) return;
  readdress(props.value.id);
  open(props.value.id);
  element.scrollIntoView({ block: 'nearest' }); // on a narrow screen it is below what was pressed
};
watch('value', hear);

document.addEventListener('no-pictures', () => { // in a folder that was chosen, see folder.py
  props.value = texts.noPictures;
  hear(); // only what Gradio changes is watched
});

const named = new URLSearchParams(location.search).get('job');
if (named && /^[\w-]+$/.test(named)) open(named);
else end(texts.empty);
