// A picture pasted or dropped anywhere on the page is a picture for the Photo tab, and files are
// for the Folder tab while that is shown; without this, a drop beside the field makes the browser
// leave the page for the picture.
const field = () => document.querySelector('#photo input[type=file]');

const hand = (input, files) => {
  const chosen = new DataTransfer();
  for (const file of files) chosen.items.add(file);
  input.files = chosen.files;
  input.dispatchEvent(new Event('change', { bubbles: true }));
};

// Says what came with no picture; null: nothing did.
const miss = what => {
  for (const each of document.querySelectorAll('#missed span')) {
    each.hidden = each.dataset.of !== what;
  }
};

// Gradio goes by the types of files, of which a browser knows few, of HEIC often none, and refuses in
// English. The server looks into them, and says what is wrong with one in the visitor's language.
const isPicture = file => file.type.startsWith('image/');
const asPicture = file =>
  isPicture(file) ? file : new File([file], file.name, { type: 'image/unknown' });

// `isMeant`: a file of another type is meant for the field too.
const give = async (files, isMeant) => {
  const many = document.querySelector('#files');
  if (many?.offsetParent) {
    const input = many.querySelector('input[type=file]');
    if (input && files.length) hand(input, files);
    return;
  }
  const picture = [...files].find(isPicture) ?? [...files].find(file => isMeant || !file.type);
  if (!picture) return;
  if (!field()) { // the field shows the camera: back to files
    document.querySelector('#photo .source-selection button')?.click();
    await new Promise(requestAnimationFrame);
  }
  if (field()) hand(field(), [asPicture(picture)]);
};

addEventListener('paste', ({ target, clipboardData: { files } }) => {
  if (!files.length && !target.closest?.('textarea, [type=text], [type=number]')) miss('paste');
  give(files);
});
addEventListener('dragover', event => event.preventDefault());
addEventListener('drop', event => {
  if (event.defaultPrevented) return; // the field took it
  event.preventDefault();
  give(event.dataTransfer.files, true);
});
for (const kind of ['drop', 'change']) {
  addEventListener(kind, event => {
    const { target, dataTransfer } = event;
    if (!target.closest?.('#photo')) return;
    const files = (dataTransfer ?? target).files ?? [];
    if (!files.length || isPicture(files[0])) return; // the field takes it
    event.preventDefault();
    event.stopPropagation();
    target.dispatchEvent(new DragEvent('dragleave', { bubbles: true })); // nothing hovers there now
    give(files, true);
  }, true);
}

// Gradio's icons take the photo away before there is another one, and its result goes with it. So the
// one for files opens them, and the one for the camera waits for a camera.
addEventListener('click', async event => {
  const icon = event.target.closest?.('#photo .source-selection button');
  if (!icon || !event.isTrusted || !document.querySelector('#photo img')) return;
  const isForFiles = icon.matches(':first-child');
  if (isForFiles && !field()) return; // it shows the camera
  event.stopPropagation();
  if (isForFiles) return field().click();
  try {
    const camera = await navigator.mediaDevices.getUserMedia({ video: true });
    for (const track of camera.getTracks()) track.stop();
    miss(null);
    icon.click();
  } catch {
    miss('camera');
  }
}, true);

// A box beside a slider that is left empty has what it had at first, as read_options takes it to
// have; Gradio would take it to have the least.
addEventListener('blur', ({ target }) => {
  if (!target.matches?.('[data-testid=number-input]') || target.value) return;
  target.parentElement.querySelector('[data-testid=reset-button]')?.click();
}, true);

// What no browser can show, a TIFF or no picture at all, leaves the field empty, not broken.
for (const event of ['error', 'load']) {
  document.addEventListener(event, ({ target }) => { // no load gets to the window
    if (!target.matches?.('#photo img')) return;
    target.classList.toggle('unseen', event === 'error');
    miss(null); // there is a new one
  }, true); // they do not bubble
}
