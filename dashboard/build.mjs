// Bundles the page. The same sources give the same bytes: what is committed under dist/ can be held against them.
//
//   node build.mjs [--outdir DIR]   the page: index.html, app.js, app.css
//   node build.mjs --tests DIR      the unit tests, for node's runner

import { copyFileSync, mkdirSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const argument = (name) => {
  const at = process.argv.indexOf(name);
  return at < 0 ? undefined : process.argv[at + 1];
};

/** The licence of a library that is bundled, as a comment that stays. */
function licence(name) {
  const folder = join(here, "node_modules", name);
  const { version } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  const text = readFileSync(join(folder, "LICENSE"), "utf8").trim();
  return `/*! ${name} ${version}\n\n${text.replaceAll("*/", "* /")}\n*/`;
}

async function page(outdir) {
  mkdirSync(outdir, { recursive: true });
  await build({
    absWorkingDir: here,
    entryPoints: { app: "src/main.ts" },
    outdir,
    bundle: true,
    minify: true,
    charset: "utf8",
    format: "esm",
    target: ["es2022"],
    banner: { js: licence("cytoscape") },
    legalComments: "inline",
    logLevel: "warning",
  });
  await build({
    absWorkingDir: here,
    entryPoints: { app: "src/style/app.css" },
    outdir,
    bundle: true,
    minify: true,
    target: ["chrome111", "firefox113", "safari16.4"],
    logLevel: "warning",
  });
  copyFileSync(join(here, "src/index.html"), join(outdir, "index.html"));
}

async function tests(outdir) {
  rmSync(outdir, { recursive: true, force: true });
  const folder = join(here, "tests/unit");
  const entryPoints = readdirSync(folder).filter((file) => file.endsWith(".test.ts")).map((file) => join(folder, file));
  const outExtension = { ".js": ".mjs" };
  await build({
    absWorkingDir: here, entryPoints, outdir, outExtension, bundle: true, platform: "node", format: "esm", logLevel: "warning",
  });
}

const testsInto = argument("--tests");
await (testsInto ? tests(join(here, testsInto)) : page(argument("--outdir") ?? join(here, "dist")));
