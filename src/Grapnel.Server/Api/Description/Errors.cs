namespace Grapnel.Server.Api.Description;

// Bodies that are written by hand, as records, so that they have a schema.

/// <summary>What went wrong.</summary>
/// <param name="Code">A stable word for programs.</param>
/// <param name="Detail">A sentence for people.</param>
internal sealed record ErrorOut(string Code, string Detail);

/// <summary>Every field at fault.</summary>
/// <param name="Detail">One entry per fault.</param>
internal sealed record InvalidOut(IReadOnlyList<FaultOut> Detail);

/// <summary>What is wrong with a field.</summary>
/// <param name="Loc">Where it is: <c>body</c>, <c>query</c>, <c>header</c> or <c>path</c>, then the way to the field.</param>
/// <param name="Msg">What is wrong, and what would be right.</param>
/// <param name="Type"><c>value_error</c>, or <c>value_error.jsondecode</c> when the body is no JSON at all.</param>
internal sealed record FaultOut(IReadOnlyList<string> Loc, string Msg, string Type);
