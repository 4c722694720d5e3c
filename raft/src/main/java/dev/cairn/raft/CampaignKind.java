package dev.cairn.raft;

import com.google.protobuf.ByteString;

/** Why votes are asked for. */
enum CampaignKind {
    /** To find out whether an election would succeed. */
    PRE_ELECTION,
    /** To be elected. */
    ELECTION,
    /** To be elected on behalf of the present leader: voters do not protect it then. */
    TRANSFER;

    /** The context of a vote request that makes voters ignore the lease of the present leader. */
    static final ByteString TRANSFER_CONTEXT = ByteString.copyFromUtf8("CampaignTransfer");
}
