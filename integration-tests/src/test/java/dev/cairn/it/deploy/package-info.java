/**
 * What stands in the folder {@code deploy}, as far as it can be run or read here: the rest is asked of its own linters by
 * {@code deploy/check}.
 */
@NullMarked
package dev.cairn.it.deploy;

import org.jspecify.annotations.NullMarked;
