// Starts the pages.
import './design/base.css';
import { createRoot } from 'react-dom/client';
import { App } from './app/App';
import { startTheme } from './design/theme';

startTheme();
const root = document.getElementById('root');
if (root !== null) createRoot(root).render(<App />);
