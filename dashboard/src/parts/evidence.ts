// What a bundle of evidence says of itself. It is parsed, and not verified: that is what the command line is for.

import type { Evidence } from "../api/types";
import { h, type Child } from "../dom";
import { blockName, grouped, words } from "../format";
import { to } from "../routes";
import { entry, hash, line, nothing, time } from "./bits";

export function evidence(answer: Evidence, nowS: number): Child[] {
  return [
    h("p", { class: "notice" }, h("strong", null, "Parsed, not verified. "), sentence(answer.notice.replace(/^parsed, not verified[:.]?\s*/i, ""))),
    answer.problem !== null && h("p", { class: "failure" }, h("strong", null, "Cannot be parsed. "), answer.problem),
    h("dl", { class: "entries" }, published(answer), quote(answer), platform(answer), machine(answer)),
    h("h3", null, "Certificate chain"),
    chain(answer, nowS),
    h("h3", null, "Check it again"),
    h("p", { class: "hint" }, "With the quote kept as quote.bin", answer.verify.policy_path !== null && " and the policy as policy.json", ":"),
    line("multee verify", answer.verify.command),
    downloads(answer),
  ];
}

function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function published({ epoch, order, measurement, evidence_bytes }: Evidence): Child {
  return [
    entry("Published", h("a", { href: to.block(epoch, order) }, `with ${blockName(order)} of epoch ${grouped(epoch)}`), `, ${grouped(evidence_bytes)} bytes`),
    entry("Measurement", hash(measurement, "measurement", { ends: 8 })),
  ];
}

function quote({ quote: says }: Evidence): Child {
  return says && [
    entry("TEE", `${says.tee.toUpperCase()}, version ${says.version}`),
    says.registers.map((register) => entry(register.name.toUpperCase().replaceAll("_", " "), bytes(register.value, register.name))),
    entry("Report data", bytes(says.report_data, "report data")),
  ];
}

function platform({ dcap, snp }: Evidence): Child {
  return [
    dcap && [
      entry("FMSPC", bytes(dcap.fmspc, "FMSPC")),
      entry("CPU SVN", bytes(dcap.cpu_svn, "CPU SVN")),
      dcap.tee_tcb_svn !== null && entry("TDX module SVN", bytes(dcap.tee_tcb_svn, "TDX module SVN")),
      entry("PCE, QE SVN", `${dcap.pce_svn}, ${dcap.qe_svn}`),
    ],
    snp && [
      entry("Product", snp.products.join(" or ")),
      entry("Chip id", bytes(snp.chip_id, "chip id")),
      entry("TCB", `boot loader ${snp.boot_loader}, TEE ${snp.tee}, SNP ${snp.snp}, microcode ${snp.microcode}`),
    ],
  ];
}

function machine({ properties }: Evidence): Child {
  return properties && [
    entry("Processor", properties.cpu_model),
    entry("Cores", grouped(properties.logical_cores)),
    entry("Memory", `${grouped(properties.memory_mib)} MiB`),
    entry("Features", properties.features.length === 0 ? "none" : properties.features.map(words).join(", ")),
  ];
}

/** Bytes in hex: short ones as they are, long ones by their ends. */
function bytes(hex: string, what: string): Child {
  return hex.length > 24 ? hash(hex, what, { ends: 8 }) : h("span", { class: "hash" }, hex);
}

function chain({ certificates }: Evidence, nowS: number): HTMLElement {
  if (certificates.length === 0) return nothing("No certificates came with it.");
  return h("ol", { class: "chain" }, certificates.map((certificate) => {
    const holds = certificate.not_before_s <= nowS && nowS <= certificate.not_after_s;
    return h("li", null,
      h("strong", { class: "subject" }, certificate.subject),
      h("span", { class: "issuer" }, "by ", certificate.issuer),
      h("span", { class: holds ? "span" : "span bad" }, time(certificate.not_before_s), " to ", time(certificate.not_after_s), !holds && ": not now"),
      h("span", { class: "serial" }, "serial number ", bytes(certificate.serial, "serial number")));
  }));
}

function downloads({ epoch, order, verify, evidence_hash, certificates_hash }: Evidence): HTMLElement {
  const files: readonly (readonly [string, string, string])[] = [
    ["Download quote", verify.quote_path, "quote.bin"],
    ...(verify.policy_path === null ? [] : [["Download policy", verify.policy_path, "policy.json"] as const]),
    ["Download evidence", `/v1/content/${evidence_hash}`, `evidence-${epoch}-${order}.bin`],
    ...(certificates_hash === null ? [] : [["Download certificates", `/v1/content/${certificates_hash}`, `certificates-${epoch}-${order}.bin`] as const]),
  ];
  return h("p", { class: "downloads" }, files.map(([name, href, download]) => h("a", { class: "button quiet", href, download }, name)));
}
