package dev.cairn.watch;

/** What the header of a response says of the member that answers. Thread-safe: every stream's executor asks. */
public interface HeaderSource {
    long clusterId();

    long memberId();

    long raftTerm();
}
