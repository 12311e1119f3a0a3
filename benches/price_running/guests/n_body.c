// The sun and the four outer planets under gravity, stepped `steps` times; the energy at the end.
// Positions in astronomical units, velocities in units per year, masses in suns.

#include <math.h>

#define BODIES 5
#define YEAR 365.25
#define G (4 * M_PI * M_PI)

typedef struct {
    double x, y, z, vx, vy, vz, mass;
} Body;

static const Body START[BODIES] = {
    {0, 0, 0, 0, 0, 0, 1},
    {4.8414, -1.1603, -0.10362, 0.0016600 * YEAR, 0.0076990 * YEAR, -0.0000690 * YEAR, 0.00095479},
    {8.3434, 4.1248, -0.40352, -0.0027674 * YEAR, 0.0049985 * YEAR, 0.0000230 * YEAR, 0.00028589},
    {12.894, -15.111, -0.22331, 0.0029646 * YEAR, 0.0023784 * YEAR, -0.0000297 * YEAR, 0.000043662},
    {15.380, -25.919, 0.17926, 0.0026807 * YEAR, 0.0016282 * YEAR, -0.0000952 * YEAR, 0.000051514},
};

static Body bodies[BODIES];

static void rest(void) {
    double px = 0, py = 0, pz = 0;
    for (int i = 0; i < BODIES; i++) {
        px += bodies[i].vx * bodies[i].mass;
        py += bodies[i].vy * bodies[i].mass;
        pz += bodies[i].vz * bodies[i].mass;
    }
    bodies[0].vx = -px;
    bodies[0].vy = -py;
    bodies[0].vz = -pz;
}

static void step(double dt) {
    for (int i = 0; i < BODIES; i++) {
        Body *a = &bodies[i];
        for (int j = i + 1; j < BODIES; j++) {
            Body *b = &bodies[j];
            double dx = b->x - a->x, dy = b->y - a->y, dz = b->z - a->z;
            double square = dx * dx + dy * dy + dz * dz;
            double pull = G * dt / (square * sqrt(square));
            double on_a = pull * b->mass, on_b = pull * a->mass;
            a->vx += dx * on_a;
            a->vy += dy * on_a;
            a->vz += dz * on_a;
            b->vx -= dx * on_b;
            b->vy -= dy * on_b;
            b->vz -= dz * on_b;
        }
    }
    for (int i = 0; i < BODIES; i++) {
        bodies[i].x += dt * bodies[i].vx;
        bodies[i].y += dt * bodies[i].vy;
        bodies[i].z += dt * bodies[i].vz;
    }
}

static double energy(void) {
    double sum = 0;
    for (int i = 0; i < BODIES; i++) {
        const Body *a = &bodies[i];
        sum += a->mass * (a->vx * a->vx + a->vy * a->vy + a->vz * a->vz) / 2;
        for (int j = i + 1; j < BODIES; j++) {
            const Body *b = &bodies[j];
            double dx = b->x - a->x, dy = b->y - a->y, dz = b->z - a->z;
            sum -= G * a->mass * b->mass / sqrt(dx * dx + dy * dy + dz * dz);
        }
    }
    return sum;
}

__attribute__((export_name("run"))) double run(int steps) {
    for (int i = 0; i < BODIES; i++) bodies[i] = START[i];
    rest();
    for (int i = 0; i < steps; i++) step(0.01);
    return energy();
}
