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

const give = async files => {
  const many = document.querySelector('#files');
  if (many?.offsetParent) {
    const input = many.querySelector('input[type=file]');
    if (input && files.length) hand(input, files);
    return;
  }
  const picture = [...files].find(file => file.type.startsWith('image/'));
  if (!picture) return;
  if (!field()) { // the field shows the camera: back to files
    document.querySelector('#photo .source-selection button')?.click();
    await new Promise(requestAnimationFrame);
  }
  if (field()) hand(field(), [picture]);
};

addEventListener('paste', event => give(event.clipboardData.files));
addEventListener('dragover', event => event.preventDefault());
addEventListener('drop', event => {
  if (event.defaultPrevented) return; // the field took it
  event.preventDefault();
  give(event.dataTransfer.files);
});

// What no browser can show, a TIFF or no picture at all, leaves the field empty, not broken.
for (const event of ['error', 'load']) {
  addEventListener(event, ({ target }) => {
    if (target.matches?.('#photo img')) target.classList.toggle('unseen', event === 'error');
  }, true); // they do not bubble
}
