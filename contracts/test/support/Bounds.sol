// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Parameters} from "../../src/interfaces/IProofOfAttestation.sol";

/// @dev Section 3's bounds of parameters.
library Bounds {
    /// @dev 32 sets, each beyond one bound. Even cases lie one below, odd ones one above what is allowed; where 0 is
    /// allowed or nothing greater fits the field, both lie on the same side.
    function outOf(Parameters memory p, uint256 i) internal pure returns (Parameters memory, bytes32 name) {
        bool above = i % 2 == 1;
        i /= 2;
        if (i == 0) (p.latestChecks, name) = (above ? 9 : 0, "latestChecks");
        else if (i == 1) (p.suspiciousChecks, name) = (above ? 65 - p.latestChecks : 1, "suspiciousChecks");
        else if (i == 2) (p.decisionMarks, name) = (above ? 91 : p.suspiciousChecks - 1, "decisionMarks");
        else if (i == 3) (p.maxPenalties, name) = (0, "maxPenalties");
        else if (i == 4) (p.fullGainStreak, name) = (above ? 16 : 0, "fullGainStreak");
        else if (i == 5) (p.finalityEpochs, name) = (above ? 12 : 0, "finalityEpochs");
        else if (i == 6) (p.powerToleranceBps, name) = (above ? 10_001 : 65_535, "powerToleranceBps");
        else if (i == 7) (p.scoreGainBps, name) = (above ? 10_001 : 0, "scoreGainBps");
        else if (i == 8) (p.admissionScore, name) = (above ? 9_000 : 4_999, "admissionScore");
        else if (i == 9) (p.restartCooldownEpochs, name) = (above ? 1_001 : 65_535, "restartCooldownEpochs");
        else if (i == 10) (p.rewardDelayEpochs, name) = (above ? 1_826 : 0, "rewardDelayEpochs");
        else if (i == 11) (p.unbondingEpochs, name) = (above ? 3_651 : 0, "unbondingEpochs");
        else if (i == 12) (p.restrictedRewardBps, name) = (above ? 10_001 : 65_535, "restrictedRewardBps");
        else if (i == 13) (p.bountyBps, name) = (above ? 5_001 : 65_535, "bountyBps");
        else if (i == 14) (p.minDeposit, name) = (above ? 1e30 + 1 : 0, "minDeposit");
        else (p.rewardPerEpoch, name) = (above ? 1e30 + 1 : type(uint128).max, "rewardPerEpoch");
        return (p, name);
    }
}
