// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {BlockRef, IProofOfAttestation} from "../../src/interfaces/IProofOfAttestation.sol";

/// @dev Where in a device's word of marks a block stands.
library Marks {
    function placeOfLatest(IProofOfAttestation network, uint32 seat, BlockRef memory ref)
        internal
        view
        returns (bool, uint256)
    {
        (,, BlockRef[] memory latest,) = network.assignmentOf(seat);
        for (uint256 i; i < latest.length; ++i) {
            if (latest[i].epoch == ref.epoch && latest[i].order == ref.order) return (true, i);
        }
        return (false, 0);
    }

    function placeOfWindow(IProofOfAttestation network, uint32 seat, uint40 position)
        internal
        view
        returns (bool, uint256)
    {
        (,, BlockRef[] memory latest, uint40[] memory positions) = network.assignmentOf(seat);
        for (uint256 i; i < positions.length; ++i) {
            if (positions[i] == position) return (true, latest.length + i);
        }
        return (false, 0);
    }
}
