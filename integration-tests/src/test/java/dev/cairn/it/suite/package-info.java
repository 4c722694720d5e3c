/**
 * etcd's own acceptance suite, run against our server.
 *
 * <p>Read first: {@link dev.cairn.it.suite.CommonSuiteTest}; what is left out stands in {@code oracle/common-skip.tsv}.
 *
 * <p>Single-threaded; the suite is one process that starts the servers itself.
 */
@NullMarked
package dev.cairn.it.suite;

import org.jspecify.annotations.NullMarked;
