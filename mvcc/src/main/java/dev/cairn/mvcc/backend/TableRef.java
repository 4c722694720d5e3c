package dev.cairn.mvcc.backend;

/**
 * Names one table of a backend. Immutable.
 *
 * @param ordinal the table's place in the list the backend was opened with
 * @param name the table's name in the backend
 */
public record TableRef(int ordinal, String name) {}
