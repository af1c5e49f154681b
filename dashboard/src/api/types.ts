// The gateway's answers, as its OpenAPI document describes them: `npm run types` makes `schema.ts` of it.

import type { components } from "./schema";

type Schemas = components["schemas"];

/** What may be missing by the document is always there, as `null`. */
export type Whole<T> = T extends readonly (infer U)[] ? Whole<U>[] : T extends object ? { [K in keyof T]-?: Whole<T[K]> } : T;

export interface Listed<T> { items: T[]; total: number; next_offset: number | null }

export type Overview = Whole<Schemas["Overview"]>;
export type Money = Whole<Schemas["Money"]>;
export type Network = Whole<Schemas["NetworkAnswer"]>;
export type Seat = Whole<Schemas["SeatSummary"]>;
export type Score = Whole<Schemas["ScorePoint"]>;
export type Device = Whole<Schemas["DeviceAnswer"]>;
export type Step = Device["steps"]["items"][number];
export type Trust = Whole<Schemas["TrustAnswer"]>;
export type Epoch = Whole<Schemas["Epoch"]>;
export type MarkedBlock = Whole<Schemas["MarkedBlock"]>;
export type Block = Whole<Schemas["Block"]>;
export type FeedItem = Whole<Schemas["FeedItem"]>;
export type Decision = Whole<Schemas["Decision"]>;
export type Reward = Whole<Schemas["Reward"]>;
export type Graph = Whole<Schemas["Graph"]>;
export type GraphNode = Graph["nodes"][number];
export type Hits = Whole<Schemas["Hits"]>;
export type Hit = Hits["items"][number];
export type Weights = Whole<Schemas["WeightsAnswer"]>;
export type OwnBlock = Whole<Schemas["OwnBlock"]>;
export type Evidence = Whole<Schemas["EvidenceAnswer"]>;
export type Received = Whole<Schemas["ReceivedMarks"]>;
