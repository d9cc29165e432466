// Whose test it is, for everybody to see: the organisation's name, logo and colour, and its language.

import { isLanguageChosen, languages, one } from "./screen.js";

/** Shows it. Where nobody chose a language here, the page comes again in the organisation's, with this fragment;
 * then false. */
export function wear({ name, logo, style, language }, fragment) {
  const [place, picture] = [one("organisation"), one("organisation").querySelector("img")];
  place.hidden = !name && !logo;
  place.querySelector("span").textContent = name;
  picture.hidden = !logo;
  if (logo) picture.src = logo;
  if (style && !document.querySelector(`link[href="${style}"]`)) {
    const sheet = Object.assign(document.createElement("link"), { rel: "stylesheet", href: style });
    document.head.append(sheet);
  }
  if (isLanguageChosen || language === document.documentElement.lang || !languages().includes(language)) return true;
  const query = new URLSearchParams(location.search);
  query.set("language", language);
  location.replace(`${location.pathname}?${query}#${fragment}`);
  return false;
}
