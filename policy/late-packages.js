// Has libraries read packages that only some of their functions need when these are first used. Plain JavaScript that Node reads
// before anything else, also a Node that is too old for the rest.
import module from "node:module";

const libraries = [];
// What every `require` calls; tracing tools take its place too. Node's hooks for modules would cost each of some thousand others.
const load = module._load;

/**
 * Puts packages off for this process.
 *
 * @param {RegExp} library the path of the files that ask for them
 * @param {readonly string[]} packages as those files write them
 */
export function putOff(library, packages) {
  libraries.push({ library, packages });
}

module._load = (specifier, parent, isMain) => {
  const from = parent?.filename ?? "";
  const isLate = libraries.some(({ library, packages }) => packages.includes(specifier) && library.test(from));
  return isLate ? standIn(() => load(specifier, parent, false)) : load(specifier, parent, isMain);
};

/** Stands for a module until something of it is asked for. */
function standIn(read) {
  let exports;
  const real = () => {
    exports ??= read();
    return exports;
  };
  // biome-ignore lint/complexity/useArrowFunction: what may stand for a class has to be one that can be called with new.
  return new Proxy(function () {}, {
    // Compiled imports take a module that says so as it is, and would read every property of another.
    get: (_, name) => name === "__esModule" || (name === "default" && !real().__esModule ? real() : real()[name]),
    has: (_, name) => name === "__esModule" || name in real(),
    apply: (_, self, args) => Reflect.apply(real(), self, args),
    construct: (_, args) => Reflect.construct(real(), args),
  });
}

const sdk = /[\\/]@pulumi[\\/]pulumi[\\/]/;
// Serialising functions, which nothing here does, needs a compiler and npm's tree: two thirds of what the SDK takes to load.
putOff(sdk, ["typescript", "@npmcli/arborist", "normalize-package-data"]);
// What runs the CLI or is a provider of its own; what compares a package's versions once there are two of it.
putOff(sdk, ["./automation", "./provider", "semver"]);
// The wires to an engine in another process.
const services = ["engine", "resource", "callback"].map((service) => `../proto/${service}_grpc_pb`);
putOff(sdk, ["@grpc/grpc-js", "@opentelemetry/api", ...services]);
