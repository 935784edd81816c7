/** The signs on the tools, drawn: fonts on operators' machines do not have them all. */

const SVG = "http://www.w3.org/2000/svg";

const PATHS = {
  previousPicture: "M6 5v14M19 5l-9 7 9 7z",
  nextPicture: "M18 5v14M5 5l9 7-9 7z",
  zoomIn: "M12 5v14M5 12h14",
  zoomOut: "M5 12h14",
  fit: "M4 9V4h5M15 4h5v5M20 15v5h-5M9 20H4v-5",
  zoomFind: "M12 3v4M12 17v4M3 12h4M17 12h4M12 12m-5 0a5 5 0 1 0 10 0a5 5 0 1 0-10 0",
  boost: "M12 3a9 9 0 1 0 0 18zM12 3a9 9 0 0 1 0 18",
  hide: "M4 4l16 16M7 5h12v12M17 19H5V7",
  help: "M8.5 9a3.5 3.5 0 1 1 5 3.2c-1 .5-1.5 1.2-1.5 2.3M12 18.5v.5",
} as const;

export type IconName = keyof typeof PATHS;

export function icon(name: IconName): SVGSVGElement {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", PATHS[name]);
  svg.append(path);
  return svg;
}
