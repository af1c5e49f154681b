// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @dev What devices sign, from the definition alone: independent of the contract's code.
library Eip712 {
    bytes32 internal constant BLOCK_TYPEHASH = keccak256(
        "ConfirmationBlock(uint32 seat,bytes32 deviceId,address incarnation,uint32 epoch,bytes32 previousDigest,"
        "bytes32 challenge,bytes32 measurement,uint64 power,bytes32 propertiesDigest,uint256 marks,"
        "bytes32 latestBindings)"
    );

    function domainSeparator(uint256 chain, address verifying) internal pure returns (bytes32) {
        return keccak256(
            abi.encode(
                keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"),
                keccak256("MulTEEverse"),
                keccak256("1"),
                chain,
                verifying
            )
        );
    }
}
