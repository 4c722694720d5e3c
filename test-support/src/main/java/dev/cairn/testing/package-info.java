/**
 * What the tests of every module share: seeds that are printed and replayed, temporary directories, free ports. Depends on
 * no other module.
 */
@NullMarked
package dev.cairn.testing;

import org.jspecify.annotations.NullMarked;
