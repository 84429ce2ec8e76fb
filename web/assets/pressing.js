// A person presses by a key what the page then clicks for them: what is asked for so keeps them logged in.
let pressing = false;

export const isByKey = () => pressing;

export function press(element) {
  pressing = true;
  element.click();
  pressing = false;
}
