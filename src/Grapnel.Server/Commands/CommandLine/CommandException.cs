namespace Grapnel.Server.Commands;

/// <summary>A failure that ends a command, told to the person in front of it: what happened and what to do. Never with a stack trace.</summary>
internal sealed class CommandException(string message, Exception? inner = null) : Exception(message, inner);
