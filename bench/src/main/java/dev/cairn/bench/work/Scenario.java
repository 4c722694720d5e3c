package dev.cairn.bench.work;

import dev.cairn.bench.process.Setting;

/** A work with a story of its own, where {@link LoadWork} is nothing but clients. */
public non-sealed interface Scenario extends Work {
    @Override
    default Setting setting() {
        return Setting.PLAIN;
    }
}
