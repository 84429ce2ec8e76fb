// Bundles the front end into web/static/dist: hashed names, one manifest.json that the templates read, one icon sprite.
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const web = dirname(here);
const dist = join(web, "static", "dist");
const icons = join(dirname(web), "node_modules", "@tabler", "icons", "icons");

// Icons are named where they are used: icon("phone"), or "phone-filled" for the filled kind.
function iconNames(folder) {
  const names = new Set(["circle-check", "alert-triangle", "info-circle"]);
  for (const entry of readdirSync(folder, { withFileTypes: true, recursive: true })) {
    if (!entry.isFile() || !/\.(html|py)$/.test(entry.name)) continue;
    const text = readFileSync(join(entry.parentPath ?? entry.path, entry.name), "utf8");
    for (const [, name] of text.matchAll(/\bicon\("([a-z0-9-]+)"/g)) names.add(name);
    for (const [, name] of text.matchAll(/icon="([a-z0-9-]+)"/g)) names.add(name);
  }
  return [...names].sort();
}

function symbol(name) {
  const filled = name.endsWith("-filled");
  const file = join(icons, filled ? "filled" : "outline", `${filled ? name.slice(0, -"-filled".length) : name}.svg`);
  const svg = readFileSync(file, "utf8");
  const inside = svg.slice(svg.indexOf(">", svg.indexOf("<svg")) + 1, svg.lastIndexOf("</svg>")).trim();
  const paint = filled
    ? 'fill="currentColor"'
    : 'fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round" stroke-linejoin="round"';
  return `<symbol id="${name}" viewBox="0 0 24 24" ${paint}>${inside}</symbol>`;
}

// A hospital that runs while its successor is built goes on serving what it began with.
const KEPT_MS = 7 * 24 * 3600 * 1000;
mkdirSync(dist, { recursive: true });
for (const name of readdirSync(dist)) {
  const path = join(dist, name);
  if (Date.now() - statSync(path).mtimeMs > KEPT_MS) rmSync(path, { recursive: true });
}
const result = await build({
  entryPoints: ["app.js", "desk.js", "demo.js", "player.js", "app.css"].map((name) => join(here, name)),
  outdir: dist,
  entryNames: "[name]-[hash]",
  assetNames: "[name]-[hash]",
  bundle: true,
  minify: true,
  metafile: true,
  format: "esm",
  target: ["es2022"],
  legalComments: "linked",
  loader: { ".woff2": "file", ".svg": "file" },
});
const manifest = {};
for (const [path, output] of Object.entries(result.metafile.outputs)) {
  if (output.entryPoint) manifest[output.entryPoint.split("/").pop()] = path.split("/").pop();
}
const sprite = `<svg xmlns="http://www.w3.org/2000/svg">${iconNames(web).map(symbol).join("")}</svg>`;
const hash = createHash("sha256").update(sprite).digest("hex").slice(0, 8).toUpperCase();
manifest["icons.svg"] = `icons-${hash}.svg`;
writeFileSync(join(dist, manifest["icons.svg"]), sprite);
for (const name of readdirSync(dist)) {
  if (/\.(js|css|svg)$/.test(name)) writeFileSync(join(dist, `${name}.gz`), gzipSync(readFileSync(join(dist, name)), { level: 9 }));
}
writeFileSync(join(dist, "manifest.json"), JSON.stringify(manifest, null, 2));
