//! The machine by rule: what calls bring which events, and what never happens.

mod epochs;
mod governing;
mod judging;
mod leaving;
mod networks;
mod power;
mod properties;
mod publishing;
mod rewards;
mod seats;
mod settlement;
mod world;
