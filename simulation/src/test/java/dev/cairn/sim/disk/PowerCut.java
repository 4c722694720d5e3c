package dev.cairn.sim.disk;

/** The machine loses its power amid an operation of its disk. Nothing that runs there runs on. */
public final class PowerCut extends RuntimeException {
    private static final long serialVersionUID = 1;

    PowerCut() {
        super("power cut");
    }
}
