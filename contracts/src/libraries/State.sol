// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Parameters} from "../interfaces/IProofOfAttestation.sol";
import {Bits} from "./Bits.sol";
import {BlockHead} from "./BlockHead.sol";
import {EpochHead} from "./EpochHead.sol";
import {History} from "./History.sol";
import {Standing} from "./Standing.sol";

/// @dev A seat's rewards (R12): two buckets, last rolled at `rolledAt`, and what has matured. With rewards of at most
/// 2·10^30 an epoch and buckets of at most 1825 epochs, 112 bits suffice.
struct Rewards {
    uint112 fresh;
    uint112 old;
    uint32 rolledAt;
    uint128 matured;
}

/// @dev A seat (R1). `orders` holds the order of its block of each retained epoch, 12 of 20 bits a word.
struct Seat {
    Standing standing;
    History history;
    bytes32 lastDigest;
    /// What a publication must bring along (R6).
    bytes32 identity;
    Rewards rewards;
    bytes32 measurement;
    bytes32 deviceId;
    address incarnation;
    address operator;
    address provider;
    /// Number of opened epochs when it joined.
    uint32 joinedIndex;
    uint128 deposit;
    uint32 unbondedAt;
    /// Q when its exit was announced.
    uint8 exitPenalties;
    mapping(uint256 word => uint256) orders;
    /// Each that it has or had: 1 declared, 2 confirmed by peers (R15).
    mapping(address incarnation => uint256) incarnations;
}

/// @dev A confirmation block (R6). `marks` are those that counted: ignored ones stand as abstentions.
struct BlockRecord {
    BlockHead head;
    bytes32 evidenceBinding;
    uint256 marks;
}

/// @dev An epoch (R2). `counts`: weighted blocks 21 | weightless blocks 21 | log end at opening 40 | seed block 64
/// | sum of shares 84.
struct EpochRecord {
    bytes32 root;
    EpochHead head;
    uint256 counts;
    uint128 pot;
    uint128 left;
    bytes32 policyDigest;
    bytes32 referenceDigest;
}

/// @dev Who holds a device id (R1). `rival`: the provisional seat that published under it last.
struct Claim {
    uint32 bound;
    uint32 rival;
}

/// @dev Where the network stands: the last opened epoch and its window, and the log's end.
/// @param weightedEpoch last opened epoch with a block of weight, if `hasWeighted`
struct Cursor {
    uint32 lastOpened;
    uint40 windowStart;
    uint40 windowEnd;
    uint40 previousWindowStart;
    uint40 logEnd;
    uint8 decisionMarks;
    bool hasWeighted;
    uint32 weightedEpoch;
}

/// @dev The latest opening, seeded or not, and the oldest opened epoch within retention (`tail`, if `hasTail`).
/// @param parametersFrom epoch + 1 from which announced parameters take effect; 0 if there are none
struct Opening {
    uint32 epoch;
    uint64 seedBlock;
    bool pending;
    bool hasTail;
    uint32 tail;
    uint32 opened;
    uint32 seats;
    uint32 parametersFrom;
}

/// @dev What the contract owes or keeps, in the token's smallest unit (R12); what it holds beyond is unallocated.
/// @param purses pots, what is left of them, and rewards owed: payments to seats do not change the sum
struct Treasury {
    uint128 carry;
    uint128 purses;
    uint128 deposits;
    uint128 bounties;
}

struct State {
    Cursor cursor;
    Opening opening;
    /// Roster sizes of the last 12 opened epochs, 21 bits each, newest lowest (R5).
    uint256 rosterSizes;
    bytes32 lastSeed;
    /// Those of the last opened epoch.
    Parameters parameters;
    Parameters announced;
    bytes32 policyDigest;
    bytes32 referenceDigest;
    Treasury treasury;
    /// Epoch of the standstill announcement + 1; 0 if none.
    uint32 standstillAnnounced;
    bool paused;
    /// First epoch after the last pause; 0 if there was none since genesis.
    uint32 resumesAt;
    mapping(uint256 seat => Seat) seats;
    mapping(bytes32 deviceId => Claim) claims;
    /// Rings over `retentionEpochs`: epochs by slot, blocks by slot·2^20 + order.
    mapping(uint256 slot => EpochRecord) epochs;
    mapping(uint256 place => BlockRecord) blocks;
    /// The suspicious log: five tallies a word, eight block ids, 64 outcomes (R5, R14).
    mapping(uint256 word => uint256) tallies;
    mapping(uint256 word => uint256) ids;
    mapping(uint256 word => uint256) outcomes;
    mapping(address account => uint128) bounties;
    /// Epochs in which a measurement is allowed (R16).
    mapping(bytes32 measurement => uint256) references;
    bytes32[] referenceList;
}

/// @dev What the clock and the settings say in one call.
/// @param logRing places in the log's ring, a multiple of 320
struct Clock {
    uint32 epoch;
    uint32 retention;
    uint64 logRing;
}

/// @dev A range of epochs in a word: first 32 | last 32 | 1. Zero: none.
library ReferenceRanges {
    function make(uint32 from, uint32 until) internal pure returns (uint256) {
        return uint256(from) | (uint256(until) << 32) | (1 << 64);
    }

    function first(uint256 range) internal pure returns (uint32) {
        return uint32(range);
    }

    function last(uint256 range) internal pure returns (uint32) {
        return uint32(range >> 32);
    }

    function allows(uint256 range, uint256 epoch) internal pure returns (bool) {
        return range != 0 && first(range) <= epoch && epoch <= last(range);
    }
}

/// @dev Places in the rings (R14).
library Rings {
    using Bits for uint256;

    uint256 internal constant ORDERS_PER_WORD = 12;
    uint256 internal constant ORDER_BITS = 20;
    uint256 internal constant ORDERS = 1 << ORDER_BITS;

    function epochAt(State storage s, Clock memory clock, uint256 epoch) internal view returns (EpochRecord storage) {
        return s.epochs[epoch % clock.retention];
    }

    function blockAt(State storage s, Clock memory clock, uint256 epoch, uint256 order)
        internal
        view
        returns (BlockRecord storage)
    {
        return s.blocks[((epoch % clock.retention) << ORDER_BITS) | order];
    }

    function isVoid(Clock memory clock, uint256 epoch) internal pure returns (bool) {
        unchecked {
            return epoch + clock.retention <= clock.epoch;
        }
    }

    /// @dev The order of the seat's block of `epoch`; the caller knows that there is one.
    function orderOf(Seat storage seat, Clock memory clock, uint256 epoch) internal view returns (uint256) {
        uint256 slot = epoch % clock.retention;
        return seat.orders[slot / ORDERS_PER_WORD].get((slot % ORDERS_PER_WORD) * ORDER_BITS, ORDER_BITS);
    }

    function setOrder(Seat storage seat, Clock memory clock, uint256 epoch, uint256 order) internal {
        uint256 slot = epoch % clock.retention;
        uint256 word = slot / ORDERS_PER_WORD;
        seat.orders[word] = seat.orders[word].set((slot % ORDERS_PER_WORD) * ORDER_BITS, ORDER_BITS, order);
    }
}
