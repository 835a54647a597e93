namespace Grapnel.Registry;

/// <summary>What an upsert made of a thing.</summary>
/// <param name="Value">The thing as stored.</param>
/// <param name="Created">Whether it is new; otherwise it was there and has been replaced.</param>
internal readonly record struct Saved<T>(T Value, bool Created);
