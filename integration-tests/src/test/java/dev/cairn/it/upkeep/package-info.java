/**
 * What a server does for itself and what members ask each other, beside a real etcd: the peer port, automatic compaction, the alarm
 * about space, digests over compactions.
 *
 * <p>Every test starts both servers as processes; nothing here looks into ours.
 */
@NullMarked
package dev.cairn.it.upkeep;

import org.jspecify.annotations.NullMarked;
