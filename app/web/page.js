// A picture pasted or dropped anywhere on the page is a picture for the Photo tab; without this,
// a drop beside the field makes the browser leave the page for the picture.
const field = () => document.querySelector('#photo input[type=file]');

const give = async files => {
  const picture = [...files].find(file => file.type.startsWith('image/'));
  if (!picture) return;
  if (!field()) { // the field shows the camera: back to files
    document.querySelector('#photo .source-selection button')?.click();
    await new Promise(requestAnimationFrame);
  }
  const input = field();
  if (!input) return;
  const chosen = new DataTransfer();
  chosen.items.add(picture);
  input.files = chosen.files;
  input.dispatchEvent(new Event('change', { bubbles: true }));
};

addEventListener('paste', event => give(event.clipboardData.files));
addEventListener('dragover', event => event.preventDefault());
addEventListener('drop', event => {
  if (event.defaultPrevented) return; // the field took it
  event.preventDefault();
  give(event.dataTransfer.files);
});
